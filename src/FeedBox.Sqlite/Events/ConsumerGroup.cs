namespace FeedBox.Sqlite.Events;

/// <summary>
/// Which reader of a group should have each partition (its target), and which has it (its owner). They differ while a partition moves:
/// the owner gives it up from inside its poll, and only then does the target take it.
/// </summary>
internal sealed class ConsumerGroup(string name)
{
    private readonly Lock _gate = new();
    private readonly List<SqliteEventLogReader> _members = [];
    private readonly Dictionary<LogPartition, SqliteEventLogReader> _targets = [];
    private readonly Dictionary<LogPartition, SqliteEventLogReader> _owners = [];
    private int _generation;

    public string Name { get; } = name;

    /// <summary>Changes whenever a member may have something to give up or to take.</summary>
    public int Generation => Volatile.Read(ref _generation);

    public void Join(SqliteEventLogReader reader)
    {
        lock (_gate)
        {
            _members.Add(reader);
            Retarget();
        }
    }

    public void Leave(SqliteEventLogReader reader)
    {
        lock (_gate)
        {
            if (!_members.Remove(reader))
                return;
            Disown(reader, [.. _owners.Keys]);
            Retarget();
        }
    }

    public IReadOnlyList<LogPartition> ToGiveUp(SqliteEventLogReader reader)
    {
        lock (_gate)
            return [.. _owners.Where(entry => entry.Value == reader && _targets.GetValueOrDefault(entry.Key) != reader).Select(entry => entry.Key)];
    }

    public void GiveUp(SqliteEventLogReader reader, IReadOnlyList<LogPartition> partitions)
    {
        lock (_gate)
        {
            Disown(reader, partitions);
            Changed();
        }
    }

    /// <summary>Takes what is meant for the reader and free.</summary>
    public IReadOnlyList<LogPartition> Take(SqliteEventLogReader reader)
    {
        lock (_gate)
        {
            List<LogPartition> free = [.. _targets.Where(entry => entry.Value == reader && !_owners.ContainsKey(entry.Key)).Select(entry => entry.Key)];
            foreach (var partition in free)
            {
                _owners.Add(partition, reader);
                partition.AddOwner(reader);
            }
            return free;
        }
    }

    private void Disown(SqliteEventLogReader reader, IReadOnlyList<LogPartition> partitions)
    {
        foreach (var partition in partitions)
            if (_owners.GetValueOrDefault(partition) == reader)
            {
                _owners.Remove(partition);
                partition.RemoveOwner(reader);
            }
    }

    /// <summary>Shares each topic out evenly, moving as few partitions as that needs.</summary>
    private void Retarget()
    {
        foreach (var gone in _targets.Where(entry => !_members.Contains(entry.Value)).Select(entry => entry.Key).ToList())
            _targets.Remove(gone);

        foreach (var topic in _members.SelectMany(member => member.Topics).Distinct())
        {
            var held = topic.Partitions.Where(_targets.ContainsKey).ToLookup(partition => _targets[partition]);
            var members = _members.Where(member => member.Topics.Contains(topic)).OrderByDescending(member => held[member].Count()).ToList();
            var shares = members.Select((_, i) => topic.Partitions.Count / members.Count + (i < topic.Partitions.Count % members.Count ? 1 : 0)).ToList();
            var free = new Queue<LogPartition>(topic.Partitions.Where(partition => !_targets.ContainsKey(partition))
                .Concat(members.SelectMany((member, i) => held[member].Skip(shares[i]))));
            for (var i = 0; i < members.Count; i++)
                for (var count = held[members[i]].Count(); count < shares[i]; count++)
                    _targets[free.Dequeue()] = members[i];
        }
        Changed();
    }

    private void Changed()
    {
        _generation++;
        foreach (var member in _members)
            member.Wake();
    }
}
