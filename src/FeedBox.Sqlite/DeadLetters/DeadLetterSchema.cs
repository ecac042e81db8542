namespace FeedBox.Sqlite.DeadLetters;

internal static class DeadLetterSchema
{
    /// <summary>A removed letter leaves its place behind, without the message, so that a late delivery does not bring it back.</summary>
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS dead_letters (
            id BLOB PRIMARY KEY,
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            log_offset INTEGER NOT NULL,
            consumer_group TEXT NOT NULL,
            key TEXT,
            value BLOB,
            headers TEXT,
            attempts INTEGER NOT NULL,
            exception_type TEXT NOT NULL,
            message TEXT NOT NULL,
            first_failure_at INTEGER NOT NULL,
            last_failure_at INTEGER NOT NULL,
            replays INTEGER NOT NULL,
            filed_at INTEGER NOT NULL,
            removed_at INTEGER,
            UNIQUE (topic, partition, log_offset, consumer_group)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS dead_letters_waiting ON dead_letters (id) WHERE removed_at IS NULL;
        CREATE INDEX IF NOT EXISTS dead_letters_removed ON dead_letters (removed_at) WHERE removed_at IS NOT NULL;
        """;
}
