using System.Text.Json;
using System.Text.Json.Serialization;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Sqlite.Events;

namespace FeedBox.Sqlite.Posts;

public sealed class SqlitePostStore(SqliteDatabase database, OutboxSignal signal) : IPostStore
{
    private const string PostColumns =
        "id, author_id, category_id, title, content, version, created_at, updated_at, deleted_at, state, tags, reason, inspected_at, published_version";

    private const string PublishedColumns = "id, version, author_id, category_id, title, content, tags, created_at, updated_at";

    public async Task<Post> InsertAsync(Post post, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken)
    {
        var outbox = OutboxEntries.Of(events);
        var tags = Serialize(post.Inspection.Tags);
        var stored = await database.WriteAsync(writer =>
        {
            var inserted = writer.Prepare($"""
                INSERT INTO posts ({PostColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
                """)
                .Bind(post.Id).Bind(post.AuthorId).Bind(post.CategoryId).Bind(post.Title).Bind(post.Content).Bind(post.Version)
                .Bind(post.CreatedAt).Bind(post.UpdatedAt).Bind(post.DeletedAt)
                .Bind((long)post.Inspection.State).Bind(tags).Bind(post.Inspection.Reason).Bind(post.Inspection.InspectedAt)
                .Bind(post.PublishedVersion)
                .Execute() > 0;
            if (!inserted)
                return Find(writer, post.Id)!;
            Publish(writer, post, tags);
            outbox.Insert(writer);
            return post;
        }, cancellationToken);
        outbox.Signal(signal);
        return stored;
    }

    public async Task<bool> ReplaceAsync(Post basis, Post updated, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken)
    {
        var outbox = OutboxEntries.Of(events);
        var tags = Serialize(updated.Inspection.Tags);
        var replaced = await database.WriteAsync(writer =>
        {
            var matches = writer.Prepare("""
                UPDATE posts SET category_id = ?, title = ?, content = ?, version = ?, updated_at = ?,
                    state = ?, tags = ?, reason = ?, inspected_at = ?, published_version = ?
                WHERE id = ? AND version = ? AND state = ?
                """)
                .Bind(updated.CategoryId).Bind(updated.Title).Bind(updated.Content).Bind(updated.Version).Bind(updated.UpdatedAt)
                .Bind((long)updated.Inspection.State).Bind(tags).Bind(updated.Inspection.Reason).Bind(updated.Inspection.InspectedAt)
                .Bind(updated.PublishedVersion)
                .Bind(basis.Id).Bind(basis.Version).Bind((long)basis.Inspection.State)
                .Execute() > 0;
            if (!matches)
                return false;
            if (updated.DeletedAt != basis.DeletedAt) // apart, because setting it writes to the index by author as well
                writer.Prepare("UPDATE posts SET deleted_at = ? WHERE id = ?").Bind(updated.DeletedAt).Bind(basis.Id).Execute();
            if (updated.PublishedVersion is null)
                writer.Prepare("DELETE FROM published_posts WHERE id = ?").Bind(basis.Id).Execute();
            else
                Publish(writer, updated, tags);
            outbox.Insert(writer);
            return true;
        }, cancellationToken);
        if (replaced)
            outbox.Signal(signal);
        return replaced;
    }

    public Task<Post?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        database.ReadAsync(reader => Find(reader, id), cancellationToken);

    public Task<IReadOnlyList<PublishedPost>> FindPublishedAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<PublishedPost>>(reader => FindPublished(reader, ids), cancellationToken);

    public Task<IReadOnlyList<Post>> ListByAuthorAsync(long authorId, Guid? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Post>>(reader =>
        {
            var rows = reader.Prepare($"""
                SELECT {PostColumns} FROM posts WHERE author_id = ? AND id < ? AND deleted_at IS NULL ORDER BY id DESC LIMIT ?
                """)
                .Bind(authorId).Bind(before ?? Guid.AllBitsSet).Bind(limit);
            var posts = new List<Post>();
            while (rows.Step())
                posts.Add(ReadPost(rows));
            return posts;
        }, cancellationToken);

    /// <summary>The newest of each author, merged: once the page is full, an author costs only what is newer than its last post.</summary>
    public Task<IReadOnlyList<PublishedPost>> ListPublishedByAuthorsAsync(
        IReadOnlyCollection<long> authorIds, Guid? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<PublishedPost>>(reader =>
        {
            var newest = new PriorityQueue<Guid, Guid>();
            foreach (var author in authorIds.Distinct())
            {
                var after = newest.Count < limit ? Guid.Empty : newest.Peek();
                var rows = reader.Prepare("SELECT id FROM published_posts WHERE author_id = ? AND id > ? AND id < ? ORDER BY id DESC LIMIT ?")
                    .Bind(author).Bind(after).Bind(before ?? Guid.AllBitsSet).Bind(limit);
                while (rows.Step())
                {
                    var id = rows.GetGuid(0);
                    newest.Enqueue(id, id);
                    if (newest.Count > limit)
                        newest.Dequeue();
                }
            }
            var ids = new List<Guid>(newest.Count);
            while (newest.TryDequeue(out var id, out _))
                ids.Add(id);
            ids.Reverse();
            return FindPublished(reader, ids);
        }, cancellationToken);

    /// <summary>The snapshot takes the text of the version that is published, and keeps it while a later one waits.</summary>
    private static void Publish(SqliteWriter writer, Post post, string tags)
    {
        if (post.PublishedVersion != post.Version)
            return;
        writer.Prepare($"INSERT OR REPLACE INTO published_posts ({PublishedColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .Bind(post.Id).Bind(post.Version).Bind(post.AuthorId).Bind(post.CategoryId).Bind(post.Title).Bind(post.Content)
            .Bind(tags).Bind(post.CreatedAt).Bind(post.UpdatedAt)
            .Execute();
    }

    private static Post? Find(SqliteSession session, Guid id)
    {
        var row = session.Prepare($"SELECT {PostColumns} FROM posts WHERE id = ?").Bind(id);
        var post = row.Step() ? ReadPost(row) : null;
        row.Reset();
        return post;
    }

    private static List<PublishedPost> FindPublished(SqliteSession session, IReadOnlyCollection<Guid> ids)
    {
        var posts = new List<PublishedPost>(ids.Count);
        var row = session.Prepare($"SELECT {PublishedColumns} FROM published_posts WHERE id = ?");
        foreach (var id in ids)
        {
            if (row.Bind(id).Step())
                posts.Add(ReadPublished(row));
            row.Reset();
        }
        return posts;
    }

    private static Post ReadPost(SqliteStatement row) => new(
        row.GetGuid(0), row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.GetString(4), row.GetInt32(5),
        row.GetTime(6), row.GetTime(7), row.GetNullableTime(8),
        new((InspectionState)row.GetInt32(9), ReadTags(row.GetSpan(10)), row.GetNullableString(11), row.GetNullableTime(12)))
    {
        PublishedVersion = row.IsNull(13) ? null : row.GetInt32(13),
    };

    private static PublishedPost ReadPublished(SqliteStatement row) => new(
        row.GetGuid(0), row.GetInt32(1), row.GetInt64(2), row.GetInt64(3), row.GetString(4), row.GetString(5),
        ReadTags(row.GetSpan(6)), row.GetTime(7), row.GetTime(8));

    private static string Serialize(IReadOnlyList<string> tags) =>
        tags.Count == 0 ? "[]" : JsonSerializer.Serialize(tags, TagsJson.Default.IReadOnlyListString);

    private static IReadOnlyList<string> ReadTags(ReadOnlySpan<byte> json) =>
        json.SequenceEqual("[]"u8) ? [] : JsonSerializer.Deserialize(json, TagsJson.Default.IReadOnlyListString)!;
}

[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class TagsJson : JsonSerializerContext;
