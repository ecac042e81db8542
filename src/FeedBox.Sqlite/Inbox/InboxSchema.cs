namespace FeedBox.Sqlite.Inbox;

internal static class InboxSchema
{
    /// <summary>
    /// Unread entries are counted as they come and go: an index of them would cost every entry one more page somewhere in the file,
    /// the counts of a hundred subscribers share a page.
    /// </summary>
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
        CREATE TABLE IF NOT EXISTS inbox_unread_counts (
            subscriber_id INTEGER PRIMARY KEY,
            unread INTEGER NOT NULL
        ) STRICT;

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

    /// <summary>From an index of the unread entries to counts of them.</summary>
    public const string ToVersion2 = """
        INSERT OR REPLACE INTO inbox_unread_counts (subscriber_id, unread)
            SELECT subscriber_id, count(*) FROM inbox WHERE read_at IS NULL GROUP BY subscriber_id;
        DROP INDEX IF EXISTS inbox_unread;
        """;
}
