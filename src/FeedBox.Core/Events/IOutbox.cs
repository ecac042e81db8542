namespace FeedBox.Core.Events;

/// <param name="Sequence">Grows with commit order per key; publish order is sequence order.</param>
public sealed record OutboxRow(long Sequence, LogMessage Message, DateTimeOffset CreatedAt);

/// <summary>
/// The relay's side of the outbox. Rows get in only through the stores, in the transaction of the write they belong to.
/// A row's shard is a hash of its key modulo <see cref="OutboxShards.Count"/>.
/// </summary>
public interface IOutbox
{
    /// <summary>
    /// The oldest rows of a shard, in sequence order. A row of a key is never visible before an earlier row of that key.
    /// Where several processes share an outbox, reading claims the shard for this one: it gives nothing while another holds the claim.
    /// A claim ends with its release, with its process, or some seconds after its process hangs.
    /// </summary>
    Task<IReadOnlyList<OutboxRow>> ReadAsync(int shard, int limit, CancellationToken cancellationToken);

    /// <summary>Removes published rows; unknown sequences are ignored.</summary>
    Task RemoveAsync(IReadOnlyList<long> sequences, CancellationToken cancellationToken);

    Task<long> DepthAsync(CancellationToken cancellationToken);

    /// <summary>Lets another process have the shard. Nothing to do where there is only one process.</summary>
    Task ReleaseAsync(int shard, CancellationToken cancellationToken) => Task.CompletedTask;
}

public static class OutboxShards
{
    public const int Count = 4;

    /// <summary>FNV-1a, so that every process and every version puts a key on the same shard.</summary>
    public static int Of(string key)
    {
        var hash = 2166136261u;
        foreach (var c in key)
            hash = (hash ^ c) * 16777619u;
        return (int)(hash % Count);
    }
}

/// <summary>Wakes the relay after a commit, so that publishing takes milliseconds and not the poll interval. Losing a signal only costs time.</summary>
public sealed class OutboxSignal
{
    private readonly SemaphoreSlim[] _shards = [.. Enumerable.Range(0, OutboxShards.Count).Select(_ => new SemaphoreSlim(0, 1))];

    public void Set(int shard)
    {
        var semaphore = _shards[shard];
        if (semaphore.CurrentCount != 0)
            return;
        try { semaphore.Release(); }
        catch (SemaphoreFullException) { /* another writer was faster: the relay is awake */ }
    }

    /// <summary>Completes on the next signal, or after <paramref name="atMost"/>.</summary>
    public async Task WaitAsync(int shard, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var signalled = _shards[shard].WaitAsync(stop.Token);
        await Task.WhenAny(signalled, Task.Delay(atMost, time, stop.Token));
        await stop.CancelAsync();
        await signalled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
