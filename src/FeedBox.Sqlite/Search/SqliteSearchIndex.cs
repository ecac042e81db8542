using FeedBox.Core;
using FeedBox.Core.Search;
using FeedBox.Core.Search.Korean;

namespace FeedBox.Sqlite.Search;

/// <summary>
/// Search on FTS5 over terms that our own analyzer made. Results come in tiers: first what has all words, then what has some;
/// a tier is ranked within windows of its newest matches, so that a word that is everywhere costs no more than others.
/// </summary>
public sealed class SqliteSearchIndex(SqliteDatabase database) : ISearchIndex
{
    internal const string Ddl = """
        CREATE TABLE IF NOT EXISTS search_posts (
            row INTEGER PRIMARY KEY,
            post_id BLOB NOT NULL UNIQUE,
            version INTEGER NOT NULL,
            removed INTEGER NOT NULL,
            analyzer INTEGER NOT NULL,
            category_id INTEGER,
            title TEXT,
            content TEXT,
            tags TEXT) STRICT;
        CREATE INDEX IF NOT EXISTS search_posts_by_analyzer ON search_posts (analyzer) WHERE removed = 0;
        CREATE VIRTUAL TABLE IF NOT EXISTS search_terms USING fts5(
            title, tags, content, pairs, filters, content='', contentless_delete=1, tokenize='ascii');
        """;

    /// <summary>How many of a tier's newest matches are ranked against each other.</summary>
    private const int WindowSize = 3000;

    private const int RefreshBatch = 100;

    public Task PutAsync(SearchDocument document, CancellationToken cancellationToken)
    {
        var terms = IndexTerms.Of(document);
        return database.WriteTogetherAsync(writer => Put(writer, document, terms), cancellationToken);
    }

    public Task RemoveAsync(Guid postId, int version, CancellationToken cancellationToken) =>
        database.WriteTogetherAsync(writer => Remove(writer, postId, version), cancellationToken);

    public Task<Page<SearchHit>> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var text = new SearchText(query.Text);
        var cursor = SearchCursor.Parse(query.Cursor);
        if (text.Words.Count == 0 && !string.IsNullOrWhiteSpace(query.Text))
            return Task.FromResult(new Page<SearchHit>([], null));
        return database.ReadAsync(reader => Search(reader, query, text, cursor), cancellationToken);
    }

    /// <summary>Analyzes again what an older analyzer indexed, a few posts at a time beside everything else. Returns how many.</summary>
    public async Task<int> RefreshAsync(CancellationToken cancellationToken)
    {
        for (var refreshed = 0; ; refreshed += RefreshBatch)
        {
            var outdated = database.Read(Outdated);
            if (outdated.Count == 0)
                return refreshed;
            await database.WriteAsync(writer => outdated.ForEach(post => Refresh(writer, post.Row, post.Document, post.Terms)), cancellationToken);
            if (outdated.Count < RefreshBatch)
                return refreshed + outdated.Count;
        }
    }

    private static List<(long Row, SearchDocument Document, IndexTerms Terms)> Outdated(SqliteReader reader)
    {
        var posts = new List<(long, SearchDocument, IndexTerms)>(RefreshBatch);
        var found = reader.Prepare("""
            SELECT row, post_id, version, category_id, title, content, tags FROM search_posts
            WHERE removed = 0 AND analyzer < ? LIMIT ?
            """)
            .Bind(KoreanAnalyzer.Version).Bind(RefreshBatch);
        while (found.Step())
        {
            var document = new SearchDocument(
                found.GetGuid(1), found.GetInt32(2), AuthorId: 0, found.GetInt64(3), CategoryName: null, found.GetString(4), found.GetString(5),
                found.GetString(6).Split('\n', StringSplitOptions.RemoveEmptyEntries), CreatedAt: default);
            posts.Add((found.GetInt64(0), document, IndexTerms.Of(document)));
        }
        return posts;
    }

    private static void Refresh(SqliteWriter writer, long row, SearchDocument document, IndexTerms terms)
    {
        var current = writer.Prepare("UPDATE search_posts SET analyzer = ?1 WHERE row = ?2 AND version = ?3 AND removed = 0 AND analyzer < ?1")
            .Bind(KoreanAnalyzer.Version).Bind(row).Bind(document.Version).Execute();
        if (current == 0)
            return;
        Unindex(writer, row);
        Index(writer, row, terms);
    }

    private static void Put(SqliteWriter writer, SearchDocument document, IndexTerms terms)
    {
        var known = Find(writer, document.PostId);
        if (known is { } newer && newer.Version >= document.Version)
            return;

        long row;
        if (known is { } older)
        {
            row = older.Row;
            if (!older.Removed)
                Unindex(writer, row);
            writer.Prepare("""
                UPDATE search_posts SET version = ?, removed = 0, analyzer = ?, category_id = ?, title = ?, content = ?, tags = ? WHERE row = ?
                """)
                .Bind(document.Version).Bind(KoreanAnalyzer.Version).Bind(document.CategoryId)
                .Bind(document.Title).Bind(document.Content).Bind(string.Join('\n', document.Tags)).Bind(row)
                .Execute();
        }
        else
        {
            row = writer.Prepare("""
                INSERT INTO search_posts (post_id, version, removed, analyzer, category_id, title, content, tags)
                VALUES (?, ?, 0, ?, ?, ?, ?, ?) RETURNING row
                """)
                .Bind(document.PostId).Bind(document.Version).Bind(KoreanAnalyzer.Version).Bind(document.CategoryId)
                .Bind(document.Title).Bind(document.Content).Bind(string.Join('\n', document.Tags))
                .Scalar()!.Value;
        }
        Index(writer, row, terms);
    }

    private static void Remove(SqliteWriter writer, Guid postId, int version)
    {
        if (Find(writer, postId) is not { } known)
        {
            writer.Prepare("INSERT INTO search_posts (post_id, version, removed, analyzer) VALUES (?, ?, 1, 0)")
                .Bind(postId).Bind(version).Execute();
            return;
        }
        if (known.Version > version)
            return;
        if (!known.Removed)
            Unindex(writer, known.Row);
        writer.Prepare("UPDATE search_posts SET version = ?, removed = 1, category_id = NULL, title = NULL, content = NULL, tags = NULL WHERE row = ?")
            .Bind(version).Bind(known.Row).Execute();
    }

    private static (long Row, int Version, bool Removed)? Find(SqliteWriter writer, Guid postId)
    {
        var found = writer.Prepare("SELECT row, version, removed FROM search_posts WHERE post_id = ?").Bind(postId);
        if (!found.Step())
            return null;
        var known = (found.GetInt64(0), found.GetInt32(1), found.GetInt64(2) != 0);
        found.Reset();
        return known;
    }

    private static void Index(SqliteWriter writer, long row, IndexTerms terms) =>
        writer.Prepare("INSERT INTO search_terms (rowid, title, tags, content, pairs, filters) VALUES (?, ?, ?, ?, ?, ?)")
            .Bind(row).Bind(terms.Title).Bind(terms.Tags).Bind(terms.Content).Bind(terms.Pairs).Bind(terms.Filters)
            .Execute();

    private static void Unindex(SqliteWriter writer, long row) =>
        writer.Prepare("DELETE FROM search_terms WHERE rowid = ?").Bind(row).Execute();

    private static Page<SearchHit> Search(SqliteReader reader, SearchQuery query, SearchText text, SearchCursor? cursor)
    {
        var hits = new List<SearchHit>(query.Limit + 1);
        var cursors = new List<SearchCursor>(query.Limit + 1);
        var tiers = MatchExpression.Tiers(text, query);
        if (tiers.Count == 0)
            List(reader, cursor, text, query.Limit + 1, hits, cursors);
        for (var tier = cursor?.Tier ?? 0; tier < tiers.Count && hits.Count <= query.Limit; tier++)
        {
            var after = cursor?.Tier == tier ? cursor : null;
            var top = after?.Top ?? long.MaxValue;
            while (hits.Count <= query.Limit)
            {
                var window = new Window(tiers[tier], tier, top, Bottom(reader, tiers[tier], top));
                var limit = query.Limit + 1 - hits.Count;
                if (text.Words.Count > 0)
                    Rank(reader, window, after, limit, text, hits, cursors);
                else
                    List(reader, window, after, limit, text, hits, cursors);
                if (window.Bottom == 0)
                    break;
                (top, after) = (window.Bottom - 1, null);
            }
        }
        return hits.Count > query.Limit
            ? new(hits[..query.Limit], cursors[query.Limit - 1].ToString())
            : new(hits, null);
    }

    /// <summary>The oldest row of the window that begins at <paramref name="top"/>; 0 when it holds all that is left.</summary>
    private static long Bottom(SqliteReader reader, string match, long top) =>
        reader.Prepare($"SELECT rowid FROM search_terms WHERE search_terms MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT 1 OFFSET {WindowSize - 1}")
            .Bind(match).Bind(top).Scalar() ?? 0;

    /// <summary>A window by relevance; of equals the one that came to the index last is first.</summary>
    private static void Rank(
        SqliteReader reader, Window window, SearchCursor? after, int limit, SearchText text, List<SearchHit> hits, List<SearchCursor> cursors)
    {
        var found = reader.Prepare("""
            WITH matched AS MATERIALIZED (
                SELECT rowid AS id, -bm25(search_terms, 3.0, 2.0, 1.0, 0.3, 0.0) AS score
                FROM search_terms WHERE search_terms MATCH ?1 AND rowid <= ?2 AND rowid >= ?3),
            best AS MATERIALIZED (
                SELECT id, score FROM matched WHERE (score, id) < (?4, ?5) ORDER BY score DESC, id DESC LIMIT ?6)
            SELECT post_id, score, id, title, content FROM best JOIN search_posts ON row = id ORDER BY score DESC, id DESC
            """)
            .Bind(window.Match).Bind(window.Top).Bind(window.Bottom)
            .Bind(after?.Score ?? double.MaxValue).Bind(after?.Row ?? long.MaxValue).Bind(limit);
        while (found.Step())
        {
            cursors.Add(new(window.Tier, window.Top, found.GetDouble(1), found.GetInt64(2), default));
            hits.Add(new(found.GetGuid(0), found.GetDouble(1), text.Highlight(found.GetString(3)), text.Snippet(found.GetString(4))));
        }
    }

    /// <summary>A window of what passes the filters, newest first.</summary>
    private static void List(
        SqliteReader reader, Window window, SearchCursor? after, int limit, SearchText text, List<SearchHit> hits, List<SearchCursor> cursors)
    {
        var found = reader.Prepare("""
            WITH matched AS MATERIALIZED (
                SELECT rowid AS id FROM search_terms WHERE search_terms MATCH ?1 AND rowid <= ?2 AND rowid >= ?3)
            SELECT post_id, title, content FROM matched JOIN search_posts ON row = id
            WHERE post_id < ?4 ORDER BY post_id DESC LIMIT ?5
            """)
            .Bind(window.Match).Bind(window.Top).Bind(window.Bottom).Bind(after?.PostId ?? Guid.AllBitsSet).Bind(limit);
        Add(found, window, text, hits, cursors);
    }

    /// <summary>Everything, newest first.</summary>
    private static void List(
        SqliteReader reader, SearchCursor? after, SearchText text, int limit, List<SearchHit> hits, List<SearchCursor> cursors)
    {
        var found = reader.Prepare("SELECT post_id, title, content FROM search_posts WHERE removed = 0 AND post_id < ? ORDER BY post_id DESC LIMIT ?")
            .Bind(after?.PostId ?? Guid.AllBitsSet).Bind(limit);
        Add(found, new("", 0, 0, 0), text, hits, cursors);
    }

    private static void Add(SqliteStatement found, Window window, SearchText text, List<SearchHit> hits, List<SearchCursor> cursors)
    {
        while (found.Step())
        {
            hits.Add(new(found.GetGuid(0), 0, text.Highlight(found.GetString(1)), text.Snippet(found.GetString(2))));
            cursors.Add(new(window.Tier, window.Top, 0, 0, hits[^1].PostId));
        }
    }

    /// <summary>The matches between two rows, both included.</summary>
    private readonly record struct Window(string Match, int Tier, long Top, long Bottom);
}
