namespace FeedBox.Sqlite.Inbox;

internal static class InboxSchema
{
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS inbox (
            subscriber_id INTEGER NOT NULL,
            post_id BLOB NOT NULL,
            author_id INTEGER NOT NULL,
            added_at INTEGER NOT NULL,
            read_at INTEGER,
            PRIMARY KEY (subscriber_id, post_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS inbox_by_post ON inbox (post_id, subscriber_id);
        CREATE INDEX IF NOT EXISTS inbox_unread ON inbox (subscriber_id) WHERE read_at IS NULL;

        CREATE TABLE IF NOT EXISTS inbox_fan_outs (
            post_id BLOB PRIMARY KEY,
            version INTEGER NOT NULL,
            state INTEGER NOT NULL,
            cursor TEXT
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE IF NOT EXISTS inbox_followings (
            subscriber_id INTEGER NOT NULL,
            author_id INTEGER NOT NULL,
            PRIMARY KEY (subscriber_id, author_id)
        ) STRICT, WITHOUT ROWID;
        """;
}
