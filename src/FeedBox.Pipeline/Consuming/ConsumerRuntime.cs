using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using Microsoft.Extensions.Logging;

namespace FeedBox.Pipeline.Consuming;

/// <summary>
/// Runs one handler as a member of its group. Polling never waits for handling, so a slow handler costs neither membership nor other keys.
/// At least once: an offset is committed only when every record below it is handled, skipped, or durable on the dead-letter topic.
/// </summary>
public sealed partial class ConsumerRuntime : IPartitionListener
{
    private static readonly TimeSpan LongestWaitForRoom = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromMinutes(1);

    private readonly string _group;
    private readonly IReadOnlyList<string> _topics;
    private readonly IEventHandler? _events;
    private readonly IRecordHandler? _records;
    private readonly IEventLog _log;
    private readonly ConsumerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly KeyScheduler _scheduler;
    private readonly Dictionary<TopicPartition, OwnedPartition> _owned = [];
    private readonly List<Delivery> _polled = [];
    private readonly TagList _tags;
    private IEventLogReader? _reader;
    private IReadOnlyDictionary<string, long> _lag = new Dictionary<string, long>();
    private long _deadLetters;

    public ConsumerRuntime(IEventHandler handler, IEventLog log, ConsumerOptions options, TimeProvider time, ILogger<ConsumerRuntime> logger)
        : this(handler.Group, handler.Topics, log, options, time, logger) => _events = handler;

    public ConsumerRuntime(IRecordHandler handler, IEventLog log, ConsumerOptions options, TimeProvider time, ILogger<ConsumerRuntime> logger)
        : this(handler.Group, handler.Topics, log, options, time, logger) => _records = handler;

    private ConsumerRuntime(string group, IReadOnlyList<string> topics, IEventLog log, ConsumerOptions options, TimeProvider time, ILogger logger)
    {
        (_group, _topics, _log, _options, _time, _logger) = (group, topics, log, options, time, logger);
        _scheduler = new(options.MaxConcurrency, room: 2 * options.PollSize, AttemptAsync, time);
        _tags = [new("group", group)];
    }

    public string Group => _group;

    public ConsumerStatus Status
    {
        get
        {
            var (running, waiting, finished, retries, pausedUntil, pausedBy) = _scheduler.Read();
            return new(_group, _topics, _lag, running, waiting, pausedUntil, pausedBy, finished, retries, Interlocked.Read(ref _deadLetters));
        }
    }

    /// <summary>Consumes until told to stop; then finishes what runs and what is missing below it, commits and leaves the group.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var _ = ConsumerMetrics.Show(this);
        var lag = MeasureLagAsync(stopping);
        await using (_reader = _log.Subscribe(_group, _topics, this))
        {
            await PollAsync(_reader, stopping);
            await ReleaseAsync([.. _owned.Values]);
        }
        await lag;
    }

    private async Task PollAsync(IEventLogReader reader, CancellationToken stopping)
    {
        var backoff = new Backoff();
        var committedAt = _time.GetTimestamp();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var room = _scheduler.RoomAsync();
                if (!room.IsCompleted)
                    await Task.WhenAny(room, Task.Delay(LongestWaitForRoom, _time, stopping));
                // Without room, a poll for one record keeps the membership and next to no memory.
                Dispatch(await reader.PollAsync(room.IsCompleted ? _options.PollSize : 1, stopping));
                backoff.Reset();
                KeepWindows(reader);
                if (_time.GetElapsedTime(committedAt) >= _options.CommitInterval)
                {
                    await CommitAsync(_owned.Values, stopping);
                    committedAt = _time.GetTimestamp();
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogPollFailed(e, _group);
                await backoff.WaitAsync(_time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Dispatch(IReadOnlyList<LogRecord> records)
    {
        OwnedPartition? partition = null;
        foreach (var record in records)
        {
            if ((partition is null || partition.Id.Partition != record.Partition || partition.Id.Topic != record.Topic)
                && !_owned.TryGetValue(new(record.Topic, record.Partition), out partition))
                continue; // not ours
            var delivery = new Delivery(partition, record);
            partition.Add(delivery);
            _polled.Add(delivery);
        }
        _scheduler.Add(_polled);
        _polled.Clear();
    }

    /// <summary>A partition whose oldest record hangs stops growing in memory, while the others go on.</summary>
    private void KeepWindows(IEventLogReader reader)
    {
        foreach (var partition in _owned.Values)
        {
            partition.Advance();
            if (!partition.IsPaused && partition.Span >= _options.Window)
            {
                partition.IsPaused = true;
                reader.Pause(partition.Id);
            }
            else if (partition.IsPaused && partition.Span < _options.Window / 2)
            {
                partition.IsPaused = false;
                reader.Resume(partition.Id);
            }
        }
    }

    private async Task CommitAsync(IEnumerable<OwnedPartition> partitions, CancellationToken cancellationToken)
    {
        var moved = partitions
            .Select(partition => (Partition: partition, Mark: partition.Advance()))
            .Where(entry => entry.Mark > entry.Partition.Committed)
            .ToList();
        if (moved.Count == 0)
            return;
        try
        {
            await _reader!.CommitAsync(moved.ToDictionary(entry => entry.Partition.Id, entry => entry.Mark), cancellationToken);
            foreach (var (partition, mark) in moved)
                partition.Committed = mark;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogCommitFailed(e, _group); // the next commit covers it
        }
    }

    void IPartitionListener.Assigned(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
            _owned.Add(partition, new(partition));
        LogAssigned(_group, partitions.Count);
    }

    Task IPartitionListener.RevokedAsync(IReadOnlyList<TopicPartition> partitions)
    {
        LogRevoked(_group, partitions.Count);
        return ReleaseAsync(Owned(partitions));
    }

    void IPartitionListener.Lost(IReadOnlyList<TopicPartition> partitions)
    {
        LogLost(_group, partitions.Count);
        foreach (var partition in Owned(partitions))
        {
            partition.Close();
            _owned.Remove(partition.Id);
            _ = partition.StopAsync();
        }
    }

    private IReadOnlyList<OwnedPartition> Owned(IEnumerable<TopicPartition> partitions) =>
        [.. partitions.Where(_owned.ContainsKey).Select(partition => _owned[partition])];

    private async Task ReleaseAsync(IReadOnlyList<OwnedPartition> partitions)
    {
        await _scheduler.ReleaseAsync(partitions, _options.DrainTimeout);
        using var limit = new CancellationTokenSource(_options.DrainTimeout, _time);
        await CommitAsync(partitions, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var partition in partitions)
            _owned.Remove(partition.Id);
    }

    /// <summary>One try. Completes synchronously, and without allocating, when the handler does. Never throws.</summary>
    private async ValueTask<Outcome> AttemptAsync(Delivery delivery)
    {
        var record = delivery.Record;
        var stopped = delivery.Partition.Stopped;
        try
        {
            if (_records is not null)
                await _records.HandleAsync(record, stopped);
            else if (record.Header(DeadLetterHeaders.ReplayGroup) is not { } group || group == _group)
                await HandleAsync(record, stopped);
            return new(Result.Finished);
        }
        catch (Exception) when (stopped.IsCancellationRequested)
        {
            return new(Result.Abandoned);
        }
        catch (DependencyUnavailableException e)
        {
            if (!_scheduler.IsPaused) // one line is enough for all the handlers that notice
                LogPaused(e, _group, e.Dependency, e.RetryAfter);
            return new(Result.Pause, e.RetryAfter, e.Dependency);
        }
        catch (Exception e)
        {
            delivery.Failed(_time.GetUtcNow());
            if (_records is not null)
            {
                LogUnfinished(e, _group, record.Topic, record.Partition, record.Offset, delivery.Failures);
                return new(Result.Retry, Longer(_options.RetryDelay, delivery.Failures));
            }
            if (e is not PermanentFailureException && delivery.Failures <= _options.Retries)
            {
                LogRetry(_group, record.Topic, record.Partition, record.Offset, delivery.Failures, e.GetType().Name, e.Message);
                return new(Result.Retry, _options.RetryDelay);
            }
            return await DeadLetterAsync(delivery, e, stopped);
        }
    }

    private Task HandleAsync(LogRecord record, CancellationToken stopped)
    {
        var e = EventCodec.Decode(record);
        return Telemetry.Activities.HasListeners() || ConsumerMetrics.Duration.Enabled
            ? ObserveAsync(record, e, stopped)
            : _events!.HandleAsync(e, stopped);
    }

    private async Task ObserveAsync(LogRecord record, FeedEvent e, CancellationToken stopped)
    {
        using var activity = ConsumerGroups.IsTelemetry(_group) ? null : Telemetry.Activities.StartActivity($"{_group} process", ActivityKind.Consumer, e.TraceParent,
        [
            new("messaging.operation.type", "process"),
            new("messaging.destination.name", record.Topic),
            new("messaging.destination.partition.id", record.Partition.ToString()),
            new("messaging.consumer.group.name", _group),
            new("messaging.message.id", e.Id.ToString()),
            new("feedbox.event.type", e.Type),
        ]);
        var started = _time.GetTimestamp();
        try
        {
            await _events!.HandleAsync(e, stopped);
        }
        catch (Exception cause)
        {
            activity?.SetStatus(ActivityStatusCode.Error, cause.Message);
            throw;
        }
        finally
        {
            ConsumerMetrics.Duration.Record(_time.GetElapsedTime(started).TotalSeconds, _tags);
        }
    }

    /// <summary>Doubles with every failure.</summary>
    private static TimeSpan Longer(TimeSpan delay, int failures)
    {
        for (; failures > 1 && delay < LongestRetryDelay; failures--)
            delay *= 2;
        return delay < LongestRetryDelay ? delay : LongestRetryDelay;
    }

    private async Task<Outcome> DeadLetterAsync(Delivery delivery, Exception cause, CancellationToken stopped)
    {
        var record = delivery.Record;
        var message = DeadLetterHeaders.Wrap(record, new(
            record.Topic, record.Partition, record.Offset, _group, delivery.Failures,
            cause.GetType().FullName!, cause.Message, delivery.FirstFailureAt, _time.GetUtcNow()));
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                await _log.AppendAsync([message], stopped);
                Interlocked.Increment(ref _deadLetters);
                LogDeadLettered(cause, _group, record.Topic, record.Partition, record.Offset, delivery.Failures);
                return new(Result.Finished);
            }
            catch (Exception) when (stopped.IsCancellationRequested)
            {
                return new(Result.Abandoned);
            }
            catch (Exception e)
            {
                LogDeadLetterFailed(e, _group, record.Topic, record.Partition, record.Offset);
                await backoff.WaitAsync(_time, stopped).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task MeasureLagAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.LagInterval, _time);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var lag = await _log.LagAsync(_group, _topics, stopping);
                _lag = lag.GroupBy(partition => partition.Partition.Topic, partition => partition.Lag).ToDictionary(topic => topic.Key, topic => topic.Sum());
                await timer.WaitForNextTickAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogLagUnknown(e, _group);
                await Task.Delay(_options.LagInterval, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "{Group} was assigned {Count} partitions")]
    private partial void LogAssigned(string group, int count);

    [LoggerMessage(LogLevel.Information, "{Group} gives away {Count} partitions")]
    private partial void LogRevoked(string group, int count);

    [LoggerMessage(LogLevel.Warning, "{Group} lost {Count} partitions")]
    private partial void LogLost(string group, int count);

    [LoggerMessage(LogLevel.Warning, "{Group} cannot poll")]
    private partial void LogPollFailed(Exception e, string group);

    [LoggerMessage(LogLevel.Warning, "{Group} cannot commit")]
    private partial void LogCommitFailed(Exception e, string group);

    [LoggerMessage(LogLevel.Debug, "{Group} does not know its lag")]
    private partial void LogLagUnknown(Exception e, string group);

    [LoggerMessage(LogLevel.Warning, "{Group} pauses for {Dependency}, {RetryAfter}")]
    private partial void LogPaused(Exception e, string group, string dependency, TimeSpan retryAfter);

    [LoggerMessage(LogLevel.Information, "{Group} tries {Topic}/{Partition}@{Offset} again after failure {Failures}, {Exception}: {Cause}")]
    private partial void LogRetry(string group, string topic, int partition, long offset, int failures, string exception, string cause);

    [LoggerMessage(LogLevel.Warning, "{Group} tries {Topic}/{Partition}@{Offset} until it succeeds, after failure {Failures}")]
    private partial void LogUnfinished(Exception e, string group, string topic, int partition, long offset, int failures);

    [LoggerMessage(LogLevel.Error, "{Group} dead-lettered {Topic}/{Partition}@{Offset} after {Failures} failures")]
    private partial void LogDeadLettered(Exception e, string group, string topic, int partition, long offset, int failures);

    [LoggerMessage(LogLevel.Error, "{Group} cannot dead-letter {Topic}/{Partition}@{Offset} yet")]
    private partial void LogDeadLetterFailed(Exception e, string group, string topic, int partition, long offset);
}
