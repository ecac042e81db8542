namespace FeedBox.Sqlite.Idempotency;

internal static class IdempotencySchema
{
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS idempotency (
            caller INTEGER NOT NULL,
            key TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            operation_id BLOB NOT NULL,
            claimed_at INTEGER NOT NULL,
            leased_until INTEGER NOT NULL,
            status INTEGER,
            headers TEXT,
            body BLOB,
            UNIQUE (caller, key)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (claimed_at);
        """;
}
