using System.Collections.Immutable;
using FeedBox.Core.Events;

namespace FeedBox.Sqlite.Events;

/// <summary>A topic as this process knows it. The partition of a key never changes: FNV-1a of its UTF-16 units, modulo the number of partitions.</summary>
internal sealed class LogTopic
{
    private uint _turn;

    public LogTopic(long id, string name, int partitions)
    {
        Name = name;
        Partitions = [.. Enumerable.Range(0, partitions).Select(number => new LogPartition(id, new(name, number)))];
    }

    public string Name { get; }
    public IReadOnlyList<LogPartition> Partitions { get; }

    /// <summary>Records without a key go round.</summary>
    public LogPartition PartitionOf(string? key)
    {
        if (key is null)
            return Partitions[(int)(Interlocked.Increment(ref _turn) % (uint)Partitions.Count)];
        var hash = 2166136261u;
        foreach (var c in key)
            hash = (hash ^ c) * 16777619u;
        return Partitions[(int)(hash % (uint)Partitions.Count)];
    }
}

/// <summary>A partition and its end. A record's id is the partition's number in the file (23 bits) and its offset (40 bits).</summary>
internal sealed class LogPartition(long topicId, TopicPartition name)
{
    private const int OffsetBits = 40;
    private const int PartitionBits = 10;
    private ImmutableArray<SqliteEventLogReader> _owners = [];
    private long _end;

    public const int MaxPartitions = 1 << PartitionBits;

    public TopicPartition Name { get; } = name;
    public long Id { get; } = topicId << PartitionBits | (long)name.Partition;

    /// <summary>The offset that the next record gets; all records below are committed.</summary>
    public long End => Volatile.Read(ref _end);

    public long RecordId(long offset) => Id << OffsetBits | offset;

    public static long Offset(long recordId) => recordId & ((1L << OffsetBits) - 1);

    /// <summary>Called by appenders after their commit, in any order.</summary>
    public void MoveEnd(long end)
    {
        long seen;
        while ((seen = End) < end && Interlocked.CompareExchange(ref _end, end, seen) != seen) { }
        foreach (var owner in _owners)
            owner.Wake();
    }

    /// <summary>Has the reader woken by appends.</summary>
    public void AddOwner(SqliteEventLogReader reader) => ImmutableInterlocked.Update(ref _owners, (owners, added) => owners.Add(added), reader);

    public void RemoveOwner(SqliteEventLogReader reader) => ImmutableInterlocked.Update(ref _owners, (owners, gone) => owners.Remove(gone), reader);
}
