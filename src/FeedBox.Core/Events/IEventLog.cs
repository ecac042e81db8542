namespace FeedBox.Core.Events;

public sealed record LogMessage(
    string Topic, string? Key, ReadOnlyMemory<byte> Value, IReadOnlyList<KeyValuePair<string, string>> Headers);

public sealed record LogRecord(
    string Topic, int Partition, long Offset, string? Key, ReadOnlyMemory<byte> Value,
    IReadOnlyList<KeyValuePair<string, string>> Headers, DateTimeOffset AppendedAt)
{
    public string? Header(string name)
    {
        if (Headers is IHeaderLookup lookup)
            return lookup.Find(name);
        for (var i = 0; i < Headers.Count; i++) // without an enumerator: every record is asked
            if (Headers[i].Key == name)
                return Headers[i].Value;
        return null;
    }
}

/// <summary>Headers of a log that finds one without making texts of all: the runtime asks every record for one that hardly any has.</summary>
public interface IHeaderLookup
{
    string? Find(string name);
}

public readonly record struct TopicPartition(string Topic, int Partition);

/// <summary>How far a group is behind on one partition, in records.</summary>
public sealed record PartitionLag(TopicPartition Partition, long Committed, long End)
{
    public long Lag => End - Committed;
}

/// <summary>
/// The durable, partitioned log that everything behind the API runs on.
/// Ordering: records of one key land on one partition of their topic, in the order in which they were appended.
/// Delivery: at least once to every group. Retention: 7 days.
/// </summary>
public interface IEventLog
{
    /// <summary>Creates what is missing; safe to call from several processes at once and on every start.</summary>
    Task EnsureTopicsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken);

    /// <summary>
    /// Appends in the given order. When it returns, all messages are durable and readable.
    /// When it throws, any of them may be: the caller appends all again, and readers recognise the second copy by event id.
    /// </summary>
    /// <exception cref="DependencyUnavailableException">The log cannot be reached.</exception>
    Task AppendAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken);

    /// <summary>
    /// Joins a group. Each partition of the topics is owned by one reader of the group at a time.
    /// A group without a committed offset starts at the earliest record.
    /// </summary>
    IEventLogReader Subscribe(string group, IReadOnlyList<string> topics, IPartitionListener listener);

    /// <summary>Committed against end offsets of a group, for the given topics.</summary>
    Task<IReadOnlyList<PartitionLag>> LagAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken);
}

/// <summary>One member of a group. One caller at a time polls; the other members may be called from any thread. Disposing leaves the group.</summary>
public interface IEventLogReader : IAsyncDisposable
{
    /// <summary>
    /// The next records of the owned, unpaused partitions, each partition in offset order; none is given twice to one owner.
    /// Returns as soon as there is one, and empty after about 100 ms without. Ownership changes are told to the listener from inside this call.
    /// </summary>
    ValueTask<IReadOnlyList<LogRecord>> PollAsync(int maxRecords, CancellationToken cancellationToken);

    /// <summary>Records already polled are not affected.</summary>
    void Pause(TopicPartition partition);

    void Resume(TopicPartition partition);

    /// <summary>
    /// Stores, durably, the offset each partition's next owner starts from. A partition no longer owned is left alone.
    /// </summary>
    Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> nextOffsets, CancellationToken cancellationToken);
}

public interface IPartitionListener
{
    void Assigned(IReadOnlyList<TopicPartition> partitions);

    /// <summary>The partitions go to another reader once this completes: finish, commit, forget. Bounded to a few seconds.</summary>
    Task RevokedAsync(IReadOnlyList<TopicPartition> partitions);

    /// <summary>The partitions are already someone else's: forget them, do not commit.</summary>
    void Lost(IReadOnlyList<TopicPartition> partitions);
}
