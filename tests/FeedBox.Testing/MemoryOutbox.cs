using FeedBox.Core.Events;

namespace FeedBox.Testing;

/// <summary>The outbox in memory, with failures on demand.</summary>
public sealed class MemoryOutbox(OutboxSignal? signal = null) : IOutbox
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, OutboxRow> _rows = [];
    private long _sequence;

    /// <summary>Called before a removal; throws to make it fail.</summary>
    public Action<IReadOnlyList<long>>? OnRemove { get; set; }

    public int Count
    {
        get
        {
            lock (_gate)
                return _rows.Count;
        }
    }

    /// <summary>What a store does in the transaction of a write, and the signal after it.</summary>
    public void Add(params IReadOnlyList<LogMessage> messages)
    {
        lock (_gate)
            foreach (var message in messages)
                _rows.Add(++_sequence, new(_sequence, message, DateTimeOffset.UtcNow));
        foreach (var shard in messages.Select(message => OutboxShards.Of(message.Key!)).Distinct())
            signal?.Set(shard);
    }

    public Task<IReadOnlyList<OutboxRow>> ReadAsync(int shard, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<OutboxRow>>([.. _rows.Values.Where(row => OutboxShards.Of(row.Message.Key!) == shard).Take(limit)]);
    }

    public Task RemoveAsync(IReadOnlyList<long> sequences, CancellationToken cancellationToken)
    {
        OnRemove?.Invoke(sequences);
        lock (_gate)
            foreach (var sequence in sequences)
                _rows.Remove(sequence);
        return Task.CompletedTask;
    }

    public Task<long> DepthAsync(CancellationToken cancellationToken) => Task.FromResult<long>(Count);
}
