namespace FeedBox.Sqlite.Events;

internal static class EventSchema
{
    /// <summary>
    /// A sequence is never used twice, or a late removal could hit another row: hence AUTOINCREMENT.
    /// A record's id holds topic, partition and offset, see <see cref="PartitionId"/>: a partition is one range of the table.
    /// </summary>
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS outbox (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            shard INTEGER NOT NULL,
            topic TEXT NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            headers TEXT,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS outbox_by_shard ON outbox (shard, sequence);

        CREATE TABLE IF NOT EXISTS log_topics (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            partitions INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS log_partitions (
            id INTEGER PRIMARY KEY,
            next_offset INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS log_records (
            id INTEGER PRIMARY KEY,
            key TEXT,
            value BLOB NOT NULL,
            headers TEXT,
            appended_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE IF NOT EXISTS log_offsets (
            consumer_group TEXT NOT NULL,
            partition_id INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            PRIMARY KEY (consumer_group, partition_id)
        ) STRICT, WITHOUT ROWID;
        """;
}
