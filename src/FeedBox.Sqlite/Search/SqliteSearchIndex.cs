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
        CREATE VIRTUAL TABLE IF NOT EXISTS search_terms USING fts5(
            title, tags, content, pairs, filters, content='', contentless_delete=1, tokenize='ascii');
        """;

    /// <summary>How many of a tier's newest matches are ranked against each other.</summary>
    private const int Window = 4000;

    public Task PutAsync(SearchDocument document, CancellationToken cancellationToken)
    {
        var terms = IndexTerms.Of(document);
        return database.WriteAsync(writer => Put(writer, document, terms), cancellationToken);
    }

    public Task RemoveAsync(Guid postId, int version, CancellationToken cancellationToken) =>
        database.WriteAsync(writer => Remove(writer, postId, version), cancellationToken);

    public Task<Page<SearchHit>> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var text = new SearchText(query.Text);
        var cursor = SearchCursor.Parse(query.Cursor);
        if (text.Words.Count == 0 && !string.IsNullOrWhiteSpace(query.Text))
            return Task.FromResult(new Page<SearchHit>([], null));
        return database.ReadAsync(reader => Search(reader, query, text, cursor), cancellationToken);
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
        writer.Prepare("INSERT INTO search_terms (rowid, title, tags, content, pairs, filters) VALUES (?, ?, ?, ?, ?, ?)")
            .Bind(row).Bind(terms.Title).Bind(terms.Tags).Bind(terms.Content).Bind(terms.Pairs).Bind(terms.Filters)
            .Execute();
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

    private static void Unindex(SqliteWriter writer, long row) =>
        writer.Prepare("DELETE FROM search_terms WHERE rowid = ?").Bind(row).Execute();

    private static Page<SearchHit> Search(SqliteReader reader, SearchQuery query, SearchText text, SearchCursor? cursor)
    {
        var hits = new List<SearchHit>(query.Limit + 1);
        var cursors = new List<SearchCursor>(query.Limit + 1);
        var tiers = MatchExpression.Tiers(text, query);
        if (tiers.Count == 0)
            List(reader, query, cursor, text, hits, cursors);
        for (var tier = cursor?.Tier ?? 0; tier < tiers.Count && hits.Count <= query.Limit; tier++)
        {
            var after = cursor?.Tier == tier ? cursor : null;
            var top = after?.Top ?? long.MaxValue;
            while (hits.Count <= query.Limit)
            {
                var bottom = Bottom(reader, tiers[tier], top);
                Rank(reader, tiers[tier], tier, top, bottom, after, query.Limit + 1 - hits.Count, text, hits, cursors);
                if (bottom == 0)
                    break;
                (top, after) = (bottom - 1, null);
            }
        }
        return hits.Count > query.Limit
            ? new(hits[..query.Limit], cursors[query.Limit - 1].ToString())
            : new(hits, null);
    }

    /// <summary>The oldest row of the window that begins at <paramref name="top"/>; 0 when it holds all that is left.</summary>
    private static long Bottom(SqliteReader reader, string match, long top) =>
        reader.Prepare($"SELECT rowid FROM search_terms WHERE search_terms MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT 1 OFFSET {Window - 1}")
            .Bind(match).Bind(top).Scalar() ?? 0;

    private static void Rank(
        SqliteReader reader, string match, int tier, long top, long bottom, SearchCursor? after, int limit,
        SearchText text, List<SearchHit> hits, List<SearchCursor> cursors)
    {
        var found = reader.Prepare("""
            WITH ranked AS MATERIALIZED (
                SELECT rowid AS id, -bm25(search_terms, 3.0, 2.0, 1.0, 0.3, 0.0) AS score
                FROM search_terms WHERE search_terms MATCH ?1 AND rowid <= ?2 AND rowid >= ?3)
            SELECT post_id, score, title, content FROM ranked JOIN search_posts ON row = id
            WHERE (score, post_id) < (?4, ?5)
            ORDER BY score DESC, post_id DESC LIMIT ?6
            """)
            .Bind(match).Bind(top).Bind(bottom).Bind(after?.Score ?? double.MaxValue).Bind(after?.PostId ?? Guid.AllBitsSet).Bind(limit);
        while (found.Step())
        {
            var (postId, score) = (found.GetGuid(0), found.GetDouble(1));
            hits.Add(new(postId, score, text.Highlight(found.GetString(2)), text.Snippet(found.GetString(3))));
            cursors.Add(new(tier, top, score, postId));
        }
    }

    /// <summary>Everything, newest first.</summary>
    private static void List(
        SqliteReader reader, SearchQuery query, SearchCursor? cursor, SearchText text, List<SearchHit> hits, List<SearchCursor> cursors)
    {
        var found = reader.Prepare("SELECT post_id, title, content FROM search_posts WHERE removed = 0 AND post_id < ? ORDER BY post_id DESC LIMIT ?")
            .Bind(cursor?.PostId ?? Guid.AllBitsSet).Bind(query.Limit + 1);
        while (found.Step())
        {
            hits.Add(new(found.GetGuid(0), 0, text.Highlight(found.GetString(1)), text.Snippet(found.GetString(2))));
            cursors.Add(new(0, 0, 0, hits[^1].PostId));
        }
    }
}
