using FeedBox.Core.Events;

namespace FeedBox.PortContracts.Events;

/// <summary>A reader in a group together with what was told to its listener. Polls when asked, or by itself after <see cref="Start"/>.</summary>
internal sealed class Member : IPartitionListener, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<TopicPartition> _owned = [];
    private readonly List<LogRecord> _records = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _polling = Task.CompletedTask;

    public Member(IEventLog log, string group, params string[] topics) => Reader = log.Subscribe(group, topics, this);

    public IEventLogReader Reader { get; }

    /// <summary>Called inside a revocation, before the partitions are forgotten.</summary>
    public Func<Member, IReadOnlyList<TopicPartition>, Task>? OnRevoked { get; init; }

    /// <summary>Called for every record, on the polling thread.</summary>
    public Action<LogRecord>? OnRecord { get; init; }

    public IReadOnlySet<TopicPartition> Owned
    {
        get
        {
            lock (_gate)
                return _owned.ToHashSet();
        }
    }

    public IReadOnlyList<LogRecord> Records
    {
        get
        {
            lock (_gate)
                return [.. _records];
        }
    }

    public Member Start()
    {
        _polling = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
                await PollAsync();
        });
        return this;
    }

    public async Task<IReadOnlyList<LogRecord>> PollAsync(int maxRecords = 500)
    {
        var records = await Reader.PollAsync(maxRecords, default);
        foreach (var record in records)
            OnRecord?.Invoke(record);
        lock (_gate)
            _records.AddRange(records);
        return records;
    }

    public async Task<IReadOnlyList<LogRecord>> PollUntilAsync(int count)
    {
        await UntilAsync(() => Records.Count >= count, $"{count} records, and not {Records.Count}");
        return Records;
    }

    public async Task UntilAsync(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (!condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"Still not so: {what}");
            await PollAsync();
        }
    }

    /// <summary>Polls for a while, for tests that expect nothing more.</summary>
    public async Task PollSomeMoreAsync()
    {
        for (var i = 0; i < 4; i++)
            await PollAsync();
    }

    public Task CommitAsync(params IEnumerable<LogRecord> handled) =>
        Reader.CommitAsync(handled.GroupBy(Partition).ToDictionary(records => records.Key, records => records.Max(record => record.Offset) + 1), default);

    public static TopicPartition Partition(LogRecord record) => new(record.Topic, record.Partition);

    void IPartitionListener.Assigned(IReadOnlyList<TopicPartition> partitions)
    {
        lock (_gate)
            _owned.UnionWith(partitions);
    }

    async Task IPartitionListener.RevokedAsync(IReadOnlyList<TopicPartition> partitions)
    {
        if (OnRevoked is { } callback)
            await callback(this, partitions);
        lock (_gate)
            _owned.ExceptWith(partitions);
    }

    void IPartitionListener.Lost(IReadOnlyList<TopicPartition> partitions)
    {
        lock (_gate)
            _owned.ExceptWith(partitions);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _polling;
        await Reader.DisposeAsync();
    }
}
