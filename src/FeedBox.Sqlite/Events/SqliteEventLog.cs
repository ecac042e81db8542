using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using FeedBox.Core.Events;

namespace FeedBox.Sqlite.Events;

/// <summary>
/// The event log in the file. Records and committed offsets are durable; who reads which partition is known to this process alone,
/// which is enough because the file belongs to one process.
/// </summary>
public sealed class SqliteEventLog : IEventLog
{
    private const int TrimChunk = 1_000;

    private readonly SqliteDatabase _database;
    private readonly SqliteOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, LogTopic> _topics = new();
    private readonly ConcurrentDictionary<string, ConsumerGroup> _groups = new();

    public SqliteEventLog(SqliteDatabase database, SqliteOptions options, TimeProvider time)
    {
        (_database, _options, _time) = (database, options, time);
        LoadTopics();
    }

    public async Task EnsureTopicsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        if (topics.All(_topics.ContainsKey))
            return;
        await _database.WriteAsync(writer =>
        {
            foreach (var topic in topics)
                writer.Prepare("INSERT INTO log_topics (name, partitions) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")
                    .Bind(topic).Bind(Math.Clamp(_options.Partitions, 1, LogPartition.MaxPartitions)).Execute();
        }, cancellationToken);
        LoadTopics();
    }

    public async Task AppendAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken)
    {
        if (messages.Count == 0)
            return;
        var now = _time.GetUtcNow();
        var records = new (LogPartition Partition, byte[]? Headers)[messages.Count];
        var counts = new Dictionary<LogPartition, int>();
        for (var i = 0; i < records.Length; i++)
        {
            var partition = Topic(messages[i].Topic).PartitionOf(messages[i].Key);
            records[i] = (partition, HeaderJson.Write(messages[i].Headers));
            CollectionsMarshal.GetValueRefOrAddDefault(counts, partition, out _)++;
        }

        var ends = await _database.WriteAsync(writer =>
        {
            var next = new Dictionary<LogPartition, long>(counts.Count);
            foreach (var (partition, count) in counts)
                next[partition] = TakeOffsets(writer, partition, count);
            var insert = writer.Prepare("INSERT INTO log_records (id, key, value, headers, appended_at) VALUES (?, ?, ?, ?, ?)");
            for (var i = 0; i < records.Length; i++)
            {
                var (partition, headers) = records[i];
                var offset = CollectionsMarshal.GetValueRefOrAddDefault(next, partition, out _)++;
                insert.Bind(partition.RecordId(offset)).Bind(messages[i].Key).Bind(messages[i].Value).BindText(headers).Bind(now).Execute();
            }
            return next;
        }, cancellationToken);

        foreach (var (partition, end) in ends)
            partition.MoveEnd(end);
    }

    public IEventLogReader Subscribe(string group, IReadOnlyList<string> topics, IPartitionListener listener)
    {
        var reader = new SqliteEventLogReader(_database, _groups.GetOrAdd(group, name => new(name)), [.. topics.Distinct().Select(Topic)], listener);
        reader.Join();
        return reader;
    }

    public Task<IReadOnlyList<PartitionLag>> LagAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        _database.ReadAsync<IReadOnlyList<PartitionLag>>(reader =>
        [
            .. topics.Where(_topics.ContainsKey).SelectMany(topic => _topics[topic].Partitions).Select(partition =>
            {
                var committed = Committed(reader, group, partition) ?? Earliest(reader, partition);
                return new PartitionLag(partition.Name, committed, Math.Max(committed, partition.End));
            }),
        ], cancellationToken);

    /// <summary>Removes the records that are older than the retention, a chunk at a time so that other writes get in between.</summary>
    public async Task<int> TrimAsync(CancellationToken cancellationToken)
    {
        var cutoff = _time.GetUtcNow() - _options.EventRetention;
        var trimmed = 0;
        foreach (var partition in _topics.Values.SelectMany(topic => topic.Partitions))
        {
            while (_database.Read(reader => OldestAppend(reader, partition)) is { } oldest && oldest < cutoff.UtcTicks)
                trimmed += await _database.WriteAsync(writer => writer.Prepare("""
                    DELETE FROM log_records
                    WHERE id IN (SELECT id FROM log_records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?) AND appended_at < ?
                    """)
                    .Bind(partition.RecordId(0)).Bind(partition.RecordId(partition.End)).Bind(TrimChunk).Bind(cutoff).Execute(), cancellationToken);
        }
        return trimmed;
    }

    /// <summary>The offset a group goes on from; null when it never committed.</summary>
    internal static long? Committed(SqliteSession session, string group, LogPartition partition) =>
        session.Prepare("SELECT next_offset FROM log_offsets WHERE consumer_group = ? AND partition_id = ?").Bind(group).Bind(partition.Id).Scalar();

    private static long Earliest(SqliteSession session, LogPartition partition)
    {
        var end = partition.End;
        var first = session.Prepare("SELECT id FROM log_records WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")
            .Bind(partition.RecordId(0)).Bind(partition.RecordId(end)).Scalar();
        return first is { } id ? LogPartition.Offset(id) : end;
    }

    private static long? OldestAppend(SqliteSession session, LogPartition partition) =>
        session.Prepare("SELECT appended_at FROM log_records WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")
            .Bind(partition.RecordId(0)).Bind(partition.RecordId(partition.End)).Scalar();

    /// <summary>Reserves offsets without holes: a rollback gives them back. Returns the first.</summary>
    private static long TakeOffsets(SqliteWriter writer, LogPartition partition, int count) =>
        writer.Prepare("""
            INSERT INTO log_partitions (id, next_offset) VALUES (?1, ?2)
            ON CONFLICT (id) DO UPDATE SET next_offset = next_offset + excluded.next_offset RETURNING next_offset
            """)
            .Bind(partition.Id).Bind(count).Scalar()!.Value - count;

    private LogTopic Topic(string name) =>
        _topics.TryGetValue(name, out var topic) ? topic : throw new InvalidOperationException($"There is no topic '{name}': create it at start-up.");

    private void LoadTopics() => _database.Read(reader =>
    {
        var rows = reader.Prepare("SELECT id, name, partitions FROM log_topics");
        var loaded = new List<LogTopic>();
        while (rows.Step())
            loaded.Add(new(rows.GetInt64(0), rows.GetString(1), rows.GetInt32(2)));
        foreach (var topic in loaded.Where(topic => !_topics.ContainsKey(topic.Name)))
        {
            foreach (var partition in topic.Partitions)
                partition.MoveEnd(reader.Prepare("SELECT next_offset FROM log_partitions WHERE id = ?").Bind(partition.Id).Scalar() ?? 0);
            _topics.TryAdd(topic.Name, topic);
        }
        return _topics.Count;
    });
}
