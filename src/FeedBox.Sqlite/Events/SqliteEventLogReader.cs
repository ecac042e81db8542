using System.Collections.Concurrent;
using FeedBox.Core.Events;

namespace FeedBox.Sqlite.Events;

internal sealed class SqliteEventLogReader(
    SqliteDatabase database, ConsumerGroup group, IReadOnlyList<LogTopic> topics, IPartitionListener listener) : IEventLogReader
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<TopicPartition, Owned> _owned = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private int _generation = -1;
    private int _turn;
    private volatile bool _disposed;

    public IReadOnlyList<LogTopic> Topics => topics;

    public void Join() => group.Join(this);

    /// <summary>Ends the wait of a poll; a wake-up too many costs nothing.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount != 0)
            return;
        try { _wake.Release(); }
        catch (SemaphoreFullException) { /* someone else was faster */ }
    }

    public async ValueTask<IReadOnlyList<LogRecord>> PollAsync(int maxRecords, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            cancellationToken.ThrowIfCancellationRequested();
            if (_generation != group.Generation)
                await RebalanceAsync();
            var records = Fetch(maxRecords);
            var rest = LongestPoll - TimeProvider.System.GetElapsedTime(started);
            if (records.Count > 0 || rest <= TimeSpan.Zero)
                return records;
            await _wake.WaitAsync(rest, cancellationToken);
        }
    }

    public void Pause(TopicPartition partition)
    {
        if (_owned.TryGetValue(partition, out var owned))
            owned.Paused = true;
    }

    public void Resume(TopicPartition partition)
    {
        if (_owned.TryGetValue(partition, out var owned))
            owned.Paused = false;
        Wake();
    }

    public async Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> nextOffsets, CancellationToken cancellationToken)
    {
        var mine = new List<(LogPartition Partition, long Next)>(nextOffsets.Count);
        foreach (var (name, next) in nextOffsets)
            if (_owned.TryGetValue(name, out var owned))
                mine.Add((owned.Partition, next));
        if (mine.Count == 0 || _disposed)
            return;
        await database.WriteAsync(writer =>
        {
            var upsert = writer.Prepare("""
                INSERT INTO log_offsets (consumer_group, partition_id, next_offset) VALUES (?, ?, ?)
                ON CONFLICT (consumer_group, partition_id) DO UPDATE SET next_offset = excluded.next_offset
                """);
            foreach (var (partition, next) in mine)
                upsert.Bind(group.Name).Bind(partition.Id).Bind(next).Execute();
        }, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        _owned.Clear();
        group.Leave(this);
        Wake();
        return ValueTask.CompletedTask;
    }

    private async Task RebalanceAsync()
    {
        var generation = group.Generation;
        var leaving = group.ToGiveUp(this);
        if (leaving.Count > 0)
        {
            try
            {
                await listener.RevokedAsync([.. leaving.Select(partition => partition.Name)]);
            }
            finally
            {
                foreach (var partition in leaving)
                    _owned.TryRemove(partition.Name, out _);
                group.GiveUp(this, leaving);
            }
        }

        var taken = group.Take(this);
        if (taken.Count > 0)
        {
            List<Owned> owned;
            try
            {
                owned = database.Read(reader => taken.Select(partition =>
                    new Owned(partition) { Position = SqliteEventLog.Committed(reader, group.Name, partition) ?? 0 }).ToList());
            }
            catch
            {
                group.GiveUp(this, taken);
                throw;
            }
            foreach (var partition in owned)
                _owned[partition.Partition.Name] = partition;
            listener.Assigned([.. taken.Select(partition => partition.Name)]);
        }
        _generation = generation;
    }

    /// <summary>Shares the room out among the partitions that have something, beginning with another one each time.</summary>
    private IReadOnlyList<LogRecord> Fetch(int maxRecords)
    {
        List<Owned>? ready = null;
        foreach (var (_, owned) in _owned)
            if (!owned.Paused && owned.Position < owned.Partition.End)
                (ready ??= []).Add(owned);
        if (ready is null)
            return [];

        var records = new List<LogRecord>();
        var positions = new long[ready.Count];
        var first = _turn++ % ready.Count;
        database.Read(reader =>
        {
            for (var i = 0; i < ready.Count && records.Count < maxRecords; i++)
            {
                var place = (first + i) % ready.Count;
                var room = maxRecords - records.Count;
                positions[place] = Fetch(reader, ready[place], Math.Max(1, room / (ready.Count - i)), records);
            }
            return records.Count;
        });
        // Only now: had a later partition failed, the earlier ones would have been given to nobody.
        for (var i = 0; i < positions.Length; i++)
            ready[i].Position = Math.Max(ready[i].Position, positions[i]);
        return records;
    }

    /// <summary>Returns the new position: behind the last record read, or the end when that was all, because older ones may be trimmed away.</summary>
    private static long Fetch(SqliteReader reader, Owned owned, int limit, List<LogRecord> records)
    {
        var (topic, number) = owned.Partition.Name;
        var end = owned.Partition.End;
        var before = records.Count;
        var row = reader.Prepare("SELECT id, key, value, headers, appended_at FROM log_records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?")
            .Bind(owned.Partition.RecordId(owned.Position)).Bind(owned.Partition.RecordId(end)).Bind(limit);
        while (row.Step())
            records.Add(new(
                topic, number, LogPartition.Offset(row.GetInt64(0)), row.GetNullableString(1), row.GetBytes(2),
                HeaderJson.Read(row.GetSpan(3)), row.GetTime(4)));
        return records.Count - before < limit ? end : records[^1].Offset + 1;
    }

    private sealed class Owned(LogPartition partition)
    {
        private volatile bool _paused;

        public LogPartition Partition { get; } = partition;
        public long Position { get; set; }

        public bool Paused
        {
            get => _paused;
            set => _paused = value;
        }
    }
}
