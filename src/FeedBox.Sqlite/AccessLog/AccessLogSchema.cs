namespace FeedBox.Sqlite.AccessLog;

internal static class AccessLogSchema
{
    /// <summary>The id begins with the time, so its order is the order of the answers.</summary>
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS access_log (
            id BLOB PRIMARY KEY,
            at INTEGER NOT NULL,
            service TEXT NOT NULL,
            ip TEXT,
            method TEXT NOT NULL,
            path TEXT NOT NULL,
            status INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            duration_ms REAL NOT NULL,
            referrer TEXT,
            agent TEXT,
            trace_id TEXT
        ) STRICT, WITHOUT ROWID;
        """;
}
