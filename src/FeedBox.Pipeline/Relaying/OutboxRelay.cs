using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Relaying;

/// <summary>
/// Carries committed events from the outbox to the log: one ordered loop per shard, woken by the commit.
/// A row is removed only after the log has acknowledged it, and nothing overtakes a row that fails.
/// </summary>
/// <param name="ownership">Null where this process is the only relay: every shard is its own.</param>
public sealed partial class OutboxRelay(
    IOutbox outbox, IEventLog log, OutboxSignal signal, IOptions<RelayOptions> options, TimeProvider time, ILogger<OutboxRelay> logger,
    IShardOwnership? ownership = null)
{
    /// <summary>How often a shard that is another's is looked at.</summary>
    private static readonly TimeSpan OwnershipInterval = TimeSpan.FromSeconds(1);

    private readonly RelayOptions _options = options.Value;
    private long _depth;

    /// <summary>Rows waiting, as last measured.</summary>
    public long Depth => Interlocked.Read(ref _depth);

    public async Task RunAsync(CancellationToken stopping)
    {
        using var _ = RelayMetrics.Show(this);
        await Task.WhenAll(
        [
            ownership?.RunAsync(stopping) ?? Task.CompletedTask,
            MeasureDepthAsync(stopping),
            .. Enumerable.Range(0, OutboxShards.Count).Select(shard => Task.Run(() => RelayAsync(shard, stopping))),
        ]);
    }

    private async Task RelayAsync(int shard, CancellationToken stopping)
    {
        // A batch under way is brought to its end, so that a stop in between does not send it twice.
        using var abort = new CancellationTokenSource();
        await using var _ = stopping.Register(() => abort.CancelAfter(_options.DrainTimeout));
        try
        {
            while (true)
            {
                if (ownership?.Owns(shard) == false)
                {
                    await outbox.ReleaseAsync(shard, stopping);
                    await Task.Delay(OwnershipInterval, time, stopping);
                    continue;
                }
                IReadOnlyList<OutboxRow> rows = [];
                await UntilDoneAsync(async () =>
                {
                    // Read again before each try: the shard may have become another process's meanwhile.
                    rows = await outbox.ReadAsync(shard, _options.BatchSize, stopping);
                    if (rows.Count > 0)
                        await log.AppendAsync([.. rows.Select(row => row.Message)], abort.Token);
                });
                if (rows.Count > 0)
                {
                    RelayMetrics.Published.Add(rows.Count);
                    Trace(rows);
                    await UntilDoneAsync(() => outbox.RemoveAsync([.. rows.Select(row => row.Sequence)], abort.Token));
                }
                stopping.ThrowIfCancellationRequested();
                if (rows.Count < _options.BatchSize)
                    await signal.WaitAsync(shard, _options.PollInterval, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        finally
        {
            await outbox.ReleaseAsync(shard, CancellationToken.None);
        }

        async Task UntilDoneAsync(Func<Task> step)
        {
            var backoff = new Backoff();
            while (true)
            {
                try
                {
                    await step();
                    return;
                }
                catch (Exception e) when (e is not OperationCanceledException || !stopping.IsCancellationRequested)
                {
                    RelayMetrics.Failures.Add(1);
                    LogFailed(e, shard);
                    await backoff.WaitAsync(time, stopping);
                }
            }
        }
    }

    /// <summary>A span per event, from its commit to the log's acknowledgement, in the trace of the request that caused it.</summary>
    private static void Trace(IReadOnlyList<OutboxRow> rows)
    {
        if (!Telemetry.Activities.HasListeners())
            return;
        foreach (var (_, message, createdAt) in rows)
        {
            var traceParent = message.Headers.FirstOrDefault(header => header.Key == EventCodec.TraceParentHeader).Value;
            if (ActivityContext.TryParse(traceParent, null, out var parent))
                Telemetry.Activities.StartActivity($"{message.Topic} publish", ActivityKind.Producer, parent, startTime: createdAt)?.Dispose();
        }
    }

    private async Task MeasureDepthAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                Interlocked.Exchange(ref _depth, await outbox.DepthAsync(stopping));
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                LogDepthUnknown(e);
            }
            await Task.Delay(_options.DepthInterval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The relay of shard {Shard} failed and tries again")]
    private partial void LogFailed(Exception e, int shard);

    [LoggerMessage(LogLevel.Debug, "The depth of the outbox is not known")]
    private partial void LogDepthUnknown(Exception e);
}
