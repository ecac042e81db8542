using Confluent.Kafka;
using FeedBox.Core.Events;
using Microsoft.Extensions.Logging;
using TopicPartition = FeedBox.Core.Events.TopicPartition;

namespace FeedBox.Kafka.Events;

/// <summary>
/// A member of a group. Its own thread consumes all the time, so that membership never depends on how often it is polled;
/// polling takes what the thread has laid ready. A revocation holds the thread, and with it the group, until the listener has finished.
/// </summary>
internal sealed partial class KafkaReader : IEventLogReader
{
    private const int Room = 2_000;
    private const int BatchSize = 500;
    private static readonly TimeSpan PollWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PatienceWhenFull = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StaleDelay = TimeSpan.FromMilliseconds(50);
    private const int StaleRetries = 20;

    private readonly KafkaClients _clients;
    private readonly string _group;
    private readonly IReadOnlyList<string> _topics;
    private readonly IPartitionListener _listener;
    private readonly Task _configured;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _news = new(0, 1);
    private readonly AutoResetEvent _taken = new(false);
    private readonly Lock _committing = new();
    private volatile IConsumer<string?, byte[]>? _consumer;
    private volatile bool _leaving;

    /// <summary>Guards what follows.</summary>
    private readonly Lock _gate = new();
    private readonly HashSet<TopicPartition> _owned = [];
    private readonly Queue<OwnershipChange> _changes = new();
    private readonly Dictionary<TopicPartition, List<LogRecord>> _held = [];
    private Queue<LogRecord> _ready = new();
    private List<LogRecord> _batch = [];

    private enum Change { Assigned, Revoked, Lost }

    /// <param name="Told">Completes when the listener has finished with it.</param>
    private sealed record OwnershipChange(Change Change, IReadOnlyList<TopicPartition> Partitions, TaskCompletionSource Told);

    /// <param name="configured">Joins the group when this is done; it does not fail.</param>
    public KafkaReader(KafkaClients clients, string group, IReadOnlyList<string> topics, IPartitionListener listener, Task configured, ILogger logger)
    {
        (_clients, _group, _topics, _listener, _configured, _logger) = (clients, group, topics, listener, configured, logger);
        _thread = new(Run) { IsBackground = true, Name = $"kafka {group}" };
        _thread.Start();
    }

    public async ValueTask<IReadOnlyList<LogRecord>> PollAsync(int maxRecords, CancellationToken cancellationToken)
    {
        for (var waited = false; ; waited = true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await TellAsync();
            if (Take(maxRecords) is { } records)
                return records;
            if (waited)
                return [];
            await _news.WaitAsync(PollWait, cancellationToken);
        }
    }

    public void Pause(TopicPartition partition)
    {
        lock (_gate)
        {
            if (!_owned.Contains(partition) || !_held.TryAdd(partition, []))
                return;
            _held[partition].AddRange(Withdraw([partition]));
        }
        _taken.Set();
        IgnoreGone(() => _consumer?.Pause([Native(partition)]));
    }

    public void Resume(TopicPartition partition)
    {
        lock (_gate)
        {
            if (!_held.Remove(partition, out var held))
                return;
            if (held.Count > 0)
            {
                _ready = new(held.Concat(_ready));
                Tell();
            }
        }
        IgnoreGone(() => _consumer?.Resume([Native(partition)]));
    }

    public Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> nextOffsets, CancellationToken cancellationToken) =>
        Blocking.RunAsync(() => Commit(nextOffsets, cancellationToken)).WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _leaving = true;
        _taken.Set();
        using var limit = new CancellationTokenSource(LeaveTimeout);
        while (!_ended.Task.IsCompleted && !limit.IsCancellationRequested)
        {
            await TellAsync();
            await Task.WhenAny(_ended.Task, _news.WaitAsync(PollWait));
        }
        await TellAsync();
    }

    // The caller's side

    private async Task TellAsync()
    {
        while (true)
        {
            OwnershipChange? change;
            lock (_gate)
                if (!_changes.TryDequeue(out change))
                    return;
            try
            {
                switch (change.Change)
                {
                    case Change.Assigned: _listener.Assigned(change.Partitions); break;
                    case Change.Revoked: await _listener.RevokedAsync(change.Partitions); break;
                    case Change.Lost: _listener.Lost(change.Partitions); break;
                }
            }
            finally
            {
                change.Told.SetResult();
            }
        }
    }

    private IReadOnlyList<LogRecord>? Take(int maxRecords)
    {
        lock (_gate)
        {
            if (_changes.Count > 0 || _ready.Count == 0)
                return null;
            var records = new LogRecord[Math.Min(maxRecords, _ready.Count)];
            for (var i = 0; i < records.Length; i++)
                records[i] = _ready.Dequeue();
            _taken.Set();
            return records;
        }
    }

    /// <summary>False when nothing was left to commit. Holds off a loss meanwhile: what was owned when it was looked at is owned when it is committed.</summary>
    private bool Commit(IReadOnlyDictionary<TopicPartition, long> nextOffsets, CancellationToken cancellationToken)
    {
        lock (_committing)
        {
            List<TopicPartitionOffset> mine;
            lock (_gate)
                mine = [.. nextOffsets.Where(entry => _owned.Contains(entry.Key)).Select(entry => new TopicPartitionOffset(Native(entry.Key), entry.Value))];
            for (var attempt = 1; mine.Count > 0; attempt++)
            {
                try
                {
                    _consumer?.Commit(mine);
                    return true;
                }
                catch (KafkaException e) when (e.Error.Code is ErrorCode.StaleMemberEpoch or ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress
                    && attempt <= StaleRetries && !cancellationToken.IsCancellationRequested)
                {
                    Thread.Sleep(StaleDelay); // the member is about to hear of the group's new epoch or generation
                }
            }
            return false;
        }
    }

    // The thread

    private void Run()
    {
        _configured.Wait();
        while (!_leaving)
        {
            try
            {
                using var consumer = _clients.CreateConsumer(_group, builder => builder
                    .SetPartitionsAssignedHandler((_, partitions) => Assigned([.. partitions.Select(Ours)]))
                    .SetPartitionsRevokedHandler((_, partitions) => Revoked([.. partitions.Select(entry => Ours(entry.TopicPartition))]))
                    .SetPartitionsLostHandler((_, partitions) => Lost([.. partitions.Select(entry => Ours(entry.TopicPartition))])));
                _consumer = consumer;
                consumer.Subscribe(_topics);
                Consume(consumer);
                consumer.Close();
            }
            catch (Exception e)
            {
                LogRestart(e, _group);
                if (!_leaving)
                    Thread.Sleep(RestartDelay);
            }
            finally
            {
                _consumer = null;
                LoseEverything();
            }
        }
        _ended.SetResult();
        Tell();
    }

    private void Consume(IConsumer<string?, byte[]> consumer)
    {
        while (!_leaving)
        {
            try
            {
                var result = consumer.Consume(PollWait);
                while (result is not null && _batch.Count < BatchSize)
                {
                    _batch.Add(Record(result));
                    result = consumer.Consume(TimeSpan.Zero);
                }
                if (result is not null)
                    _batch.Add(Record(result));
            }
            catch (ConsumeException e) when (!e.Error.IsFatal)
            {
                LogConsumeFailed(_group, e.Error.Code, e.Error.Reason); // e.g. a topic that is not there yet
            }
            LayReady();
            WaitForRoom(consumer);
        }
    }

    private void LayReady()
    {
        if (_batch.Count == 0)
            return;
        lock (_gate)
        {
            foreach (var record in _batch)
            {
                if (_held.Count > 0 && _held.TryGetValue(new(record.Topic, record.Partition), out var held))
                    held.Add(record);
                else
                    _ready.Enqueue(record);
            }
            _batch.Clear();
            Tell();
        }
    }

    /// <summary>Nobody takes what is ready: waits, and when it lasts, goes on polling with everything paused, to stay a member.</summary>
    private void WaitForRoom(IConsumer<string?, byte[]> consumer)
    {
        var patience = Environment.TickCount64 + (long)PatienceWhenFull.TotalMilliseconds;
        while (!_leaving && IsFull() && Environment.TickCount64 < patience)
            _taken.WaitOne(PollWait);
        if (_leaving || !IsFull())
            return;
        while (!_leaving && IsFull())
        {
            consumer.Pause(consumer.Assignment);
            if (consumer.Consume(PollWait) is { } result)
                _batch.Add(Record(result));
            LayReady();
        }
        lock (_gate)
            consumer.Resume(consumer.Assignment.Where(partition => !_held.ContainsKey(Ours(partition))));
    }

    private bool IsFull()
    {
        lock (_gate)
            return _ready.Count >= Room;
    }

    private void Assigned(IReadOnlyList<TopicPartition> partitions)
    {
        LayReady();
        if (partitions.Count == 0)
            return;
        lock (_gate)
        {
            _owned.UnionWith(partitions);
            Enqueue(Change.Assigned, partitions);
        }
    }

    private void Revoked(IReadOnlyList<TopicPartition> partitions)
    {
        LayReady();
        OwnershipChange change;
        lock (_gate)
        {
            partitions = [.. partitions.Where(_owned.Contains)];
            if (partitions.Count == 0)
                return;
            Forget(partitions);
            change = Enqueue(Change.Revoked, partitions);
        }
        change.Told.Task.Wait();
        lock (_gate)
            _owned.ExceptWith(partitions);
    }

    private void Lost(IReadOnlyList<TopicPartition> partitions)
    {
        LayReady();
        lock (_committing)
        lock (_gate)
        {
            partitions = [.. partitions.Where(_owned.Contains)];
            if (partitions.Count == 0)
                return;
            Forget(partitions);
            _owned.ExceptWith(partitions);
            Enqueue(Change.Lost, partitions);
        }
    }

    private void LoseEverything()
    {
        IReadOnlyList<TopicPartition> owned;
        lock (_gate)
            owned = [.. _owned];
        Lost(owned);
    }

    private OwnershipChange Enqueue(Change kind, IReadOnlyList<TopicPartition> partitions)
    {
        var change = new OwnershipChange(kind, partitions, new(TaskCreationOptions.RunContinuationsAsynchronously));
        _changes.Enqueue(change);
        Tell();
        return change;
    }

    private void Forget(IReadOnlyList<TopicPartition> partitions)
    {
        Withdraw(partitions);
        foreach (var partition in partitions)
            _held.Remove(partition);
    }

    private List<LogRecord> Withdraw(IReadOnlyList<TopicPartition> partitions)
    {
        var kept = new Queue<LogRecord>(_ready.Count);
        var withdrawn = new List<LogRecord>();
        foreach (var record in _ready)
        {
            if (partitions.Contains(new(record.Topic, record.Partition)))
                withdrawn.Add(record);
            else
                kept.Enqueue(record);
        }
        _ready = kept;
        return withdrawn;
    }

    private void Tell()
    {
        lock (_gate)
            if (_news.CurrentCount == 0)
                _news.Release();
    }

    private static void IgnoreGone(Action action)
    {
        try { action(); }
        catch (KafkaException) { /* not ours any more: there is nothing to pause */ }
        catch (ObjectDisposedException) { }
    }

    private static LogRecord Record(ConsumeResult<string?, byte[]> result)
    {
        var message = result.Message;
        IReadOnlyList<KeyValuePair<string, string>> headers = message.Headers is { Count: > 0 } native ? new KafkaHeaders(native) : [];
        return new(result.Topic, result.Partition.Value, result.Offset.Value, message.Key, message.Value, headers,
            DateTimeOffset.FromUnixTimeMilliseconds(message.Timestamp.UnixTimestampMs));
    }

    private static TopicPartition Ours(Confluent.Kafka.TopicPartition partition) => new(partition.Topic, partition.Partition.Value);

    private static Confluent.Kafka.TopicPartition Native(TopicPartition partition) => new(partition.Topic, partition.Partition);

    [LoggerMessage(LogLevel.Error, "The reader of {Group} failed and joins again")]
    private partial void LogRestart(Exception e, string group);

    [LoggerMessage(LogLevel.Warning, "{Group} cannot consume: {Code}: {Reason}")]
    private partial void LogConsumeFailed(string group, ErrorCode code, string reason);
}
