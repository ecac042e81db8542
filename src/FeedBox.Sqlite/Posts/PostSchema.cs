namespace FeedBox.Sqlite.Posts;

internal static class PostSchema
{
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS posts (
            id BLOB PRIMARY KEY,
            author_id INTEGER NOT NULL,
            category_id INTEGER NOT NULL,
            title TEXT NOT NULL,
            content TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            deleted_at INTEGER,
            state INTEGER NOT NULL,
            tags TEXT NOT NULL,
            reason TEXT,
            inspected_at INTEGER,
            published_version INTEGER
        ) STRICT;
        CREATE INDEX IF NOT EXISTS posts_by_author ON posts (author_id, id) WHERE deleted_at IS NULL;

        CREATE TABLE IF NOT EXISTS published_posts (
            id BLOB PRIMARY KEY,
            version INTEGER NOT NULL,
            author_id INTEGER NOT NULL,
            category_id INTEGER NOT NULL,
            title TEXT NOT NULL,
            content TEXT NOT NULL,
            tags TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS published_posts_by_author ON published_posts (author_id, id);
        """;
}
