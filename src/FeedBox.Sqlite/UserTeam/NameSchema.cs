namespace FeedBox.Sqlite.UserTeam;

internal static class NameSchema
{
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS names (
            kind TEXT NOT NULL,
            id INTEGER NOT NULL,
            name TEXT NOT NULL,
            fetched_at INTEGER NOT NULL,
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        """;
}
