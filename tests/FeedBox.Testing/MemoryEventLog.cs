using FeedBox.Core;
using FeedBox.Core.Events;

namespace FeedBox.Testing;

/// <summary>
/// The event log in memory: partitions, groups whose readers share them cooperatively, and failures on demand.
/// A partition goes to its next reader only after the reader before has finished its revocation.
/// </summary>
public sealed class MemoryEventLog(int partitions = Topics.Partitions, TimeProvider? time = null) : IEventLog
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<TopicPartition, List<LogRecord>> _records = [];
    private readonly Dictionary<string, Group> _groups = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _roundRobin;
    private long _polls;

    /// <summary>Called before an append; throws to make it fail, may wait.</summary>
    public Func<IReadOnlyList<LogMessage>, CancellationToken, Task>? OnAppend { get; set; }

    /// <summary>Called after an append has become durable; throws for an acknowledgement that gets lost.</summary>
    public Action<IReadOnlyList<LogMessage>>? OnAppended { get; set; }

    /// <summary>Called before a poll with its group; throws to make it fail.</summary>
    public Action<string>? OnPoll { get; set; }

    /// <summary>Called with the group and each commit before it is stored; throws to make it fail.</summary>
    public Action<string, IReadOnlyDictionary<TopicPartition, long>>? OnCommit { get; set; }

    /// <summary>Called with the number of records a poll gives.</summary>
    public Action<int>? OnFetched { get; set; }

    public long Polls => Interlocked.Read(ref _polls);

    /// <summary>Makes every call fail until it is taken back.</summary>
    public bool IsDown { get; set; }

    /// <summary>Questions about lag get no answer.</summary>
    public bool IsSilent { get; set; }

    public Task EnsureTopicsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        ThrowWhenDown();
        lock (_gate)
            foreach (var topic in topics)
                Ensure(topic);
        return Task.CompletedTask;
    }

    public async Task AppendAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken)
    {
        ThrowWhenDown();
        if (OnAppend is { } before)
            await before(messages, cancellationToken);
        lock (_gate)
        {
            foreach (var message in messages)
            {
                Ensure(message.Topic);
                var partition = new TopicPartition(message.Topic, PartitionOf(message.Key));
                var records = _records[partition];
                records.Add(new(message.Topic, partition.Partition, records.Count, message.Key, message.Value, message.Headers, _time.GetUtcNow()));
            }
            Changed();
        }
        OnAppended?.Invoke(messages);
    }

    public IEventLogReader Subscribe(string group, IReadOnlyList<string> topics, IPartitionListener listener)
    {
        lock (_gate)
        {
            foreach (var topic in topics)
                Ensure(topic);
            var reader = new Reader(this, GroupOf(group), topics, listener);
            reader.Group.Members.Add(reader);
            Changed();
            return reader;
        }
    }

    public Task<IReadOnlyList<PartitionLag>> LagAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        ThrowWhenDown();
        if (IsSilent)
            return new TaskCompletionSource<IReadOnlyList<PartitionLag>>().Task.WaitAsync(cancellationToken);
        lock (_gate)
            return Task.FromResult<IReadOnlyList<PartitionLag>>(
            [
                .. _records.Where(entry => topics.Contains(entry.Key.Topic)).Select(entry =>
                    new PartitionLag(entry.Key, GroupOf(group).Committed.GetValueOrDefault(entry.Key), entry.Value.Count)),
            ]);
    }

    /// <summary>Everything on a topic, partition by partition in offset order.</summary>
    public IReadOnlyList<LogRecord> Records(string topic)
    {
        lock (_gate)
            return [.. _records.Where(entry => entry.Key.Topic == topic).OrderBy(entry => entry.Key.Partition).SelectMany(entry => entry.Value)];
    }

    public long Committed(string group, TopicPartition partition)
    {
        lock (_gate)
            return GroupOf(group).Committed.GetValueOrDefault(partition);
    }

    public long Lag(string group, params IReadOnlyList<string> topics) => LagAsync(group, topics, default).Result.Sum(lag => lag.Lag);

    public int PartitionOf(string? key)
    {
        if (key is null)
            return Interlocked.Increment(ref _roundRobin) % partitions;
        var hash = 2166136261u;
        foreach (var c in key)
            hash = (hash ^ c) * 16777619u;
        return (int)(hash % (uint)partitions);
    }

    /// <summary>The group takes every partition away from its readers, as after a missed session; they hear of it at their next poll and join again.</summary>
    public void ExpelReaders(string group)
    {
        lock (_gate)
        {
            foreach (var reader in GroupOf(group).Members)
                reader.Expel();
            Changed();
        }
    }

    /// <summary>The readers are gone without a word, as when their process died; nothing they do counts any more.</summary>
    public void Kill(IReadOnlyCollection<IPartitionListener> listeners)
    {
        lock (_gate)
        {
            foreach (var group in _groups.Values)
                foreach (var reader in group.Members.Where(reader => listeners.Contains(reader.Listener)).ToList())
                    reader.Leave();
            Changed();
        }
    }

    private void ThrowWhenDown()
    {
        if (IsDown)
            throw new DependencyUnavailableException("event log", TimeSpan.FromSeconds(1));
    }

    private void Ensure(string topic)
    {
        for (var partition = 0; partition < partitions; partition++)
            _records.TryAdd(new(topic, partition), []);
    }

    private Group GroupOf(string name) => _groups.TryGetValue(name, out var group) ? group : _groups[name] = new(name);

    private void Changed()
    {
        _changed.SetResult();
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Group(string name)
    {
        public string Name => name;
        public Dictionary<TopicPartition, long> Committed { get; } = [];
        public Dictionary<TopicPartition, Reader> Owners { get; } = [];
        public List<Reader> Members { get; } = [];
    }

    private sealed class Reader(MemoryEventLog log, Group group, IReadOnlyList<string> topics, IPartitionListener listener) : IEventLogReader
    {
        private readonly Dictionary<TopicPartition, long> _positions = [];
        private readonly HashSet<TopicPartition> _paused = [];
        private readonly List<TopicPartition> _lost = [];
        private int _turn;

        public Group Group => group;
        public IPartitionListener Listener => listener;

        public async ValueTask<IReadOnlyList<LogRecord>> PollAsync(int maxRecords, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Interlocked.Increment(ref log._polls);
            log.ThrowWhenDown();
            log.OnPoll?.Invoke(group.Name);
            await RebalanceAsync();
            Task changed;
            lock (log._gate)
            {
                if (Fetch(maxRecords) is { Count: > 0 } records)
                    return records;
                changed = log._changed.Task;
            }
            await Task.WhenAny(changed, Task.Delay(10, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            await RebalanceAsync();
            lock (log._gate)
                return Fetch(maxRecords);
        }

        public void Pause(TopicPartition partition)
        {
            lock (log._gate)
                _paused.Add(partition);
        }

        public void Resume(TopicPartition partition)
        {
            lock (log._gate)
                _paused.Remove(partition);
        }

        public Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> nextOffsets, CancellationToken cancellationToken)
        {
            log.ThrowWhenDown();
            lock (log._gate)
            {
                var mine = nextOffsets.Where(entry => group.Owners.GetValueOrDefault(entry.Key) == this).ToDictionary();
                log.OnCommit?.Invoke(group.Name, mine);
                foreach (var (partition, offset) in mine)
                    group.Committed[partition] = offset;
            }
            return Task.CompletedTask;
        }

        public async ValueTask DisposeAsync()
        {
            List<TopicPartition> owned;
            lock (log._gate)
                owned = [.. _positions.Keys];
            if (owned.Count > 0)
                await listener.RevokedAsync(owned);
            lock (log._gate)
            {
                Leave();
                log.Changed();
            }
        }

        public void Expel()
        {
            _lost.AddRange(_positions.Keys);
            Disown([.. _positions.Keys]);
        }

        public void Leave()
        {
            group.Members.Remove(this);
            Disown([.. _positions.Keys]);
        }

        private void Disown(IReadOnlyList<TopicPartition> partitions)
        {
            foreach (var partition in partitions)
            {
                _positions.Remove(partition);
                _paused.Remove(partition);
                group.Owners.Remove(partition);
            }
        }

        private async Task RebalanceAsync()
        {
            List<TopicPartition> lost, revoked, assigned;
            lock (log._gate)
            {
                lost = [.. _lost];
                _lost.Clear();
            }
            if (lost.Count > 0)
                listener.Lost(lost);

            lock (log._gate)
                revoked = [.. _positions.Keys.Except(Target())];
            if (revoked.Count > 0)
            {
                await listener.RevokedAsync(revoked);
                lock (log._gate)
                {
                    Disown([.. revoked.Where(_positions.ContainsKey)]);
                    log.Changed();
                }
            }

            lock (log._gate)
            {
                // What was lost meanwhile is told first.
                assigned = _lost.Count > 0 ? [] : [.. Target().Where(partition => !group.Owners.ContainsKey(partition))];
                foreach (var partition in assigned)
                {
                    group.Owners[partition] = this;
                    _positions[partition] = group.Committed.GetValueOrDefault(partition);
                }
            }
            if (assigned.Count > 0)
                listener.Assigned(assigned);
        }

        private IEnumerable<TopicPartition> Target()
        {
            var place = group.Members.IndexOf(this);
            return place < 0
                ? []
                : log._records.Keys.Where(partition => topics.Contains(partition.Topic) && partition.Partition % group.Members.Count == place);
        }

        private List<LogRecord> Fetch(int maxRecords)
        {
            var found = new List<LogRecord>();
            var owned = _positions.Keys.ToArray();
            for (var i = 0; i < owned.Length && found.Count < maxRecords; i++)
            {
                var partition = owned[(i + _turn) % owned.Length];
                if (_paused.Contains(partition))
                    continue;
                var from = (int)_positions[partition];
                var records = log._records[partition];
                var count = Math.Min(maxRecords - found.Count, records.Count - from);
                found.AddRange(records.GetRange(from, count));
                _positions[partition] = from + count;
            }
            _turn++;
            log.OnFetched?.Invoke(found.Count);
            return found;
        }
    }
}
