using System.Text.Json;
using FeedBox.Core.Events;
using FeedBox.Core.Posts;
using FeedBox.MySql.Events;
using Microsoft.EntityFrameworkCore;
using MySqlConnector;

namespace FeedBox.MySql.Posts;

internal sealed class MySqlPostStore(MySqlDatabase database, OutboxSignal signal) : IPostStore
{
    public async Task<Post> InsertAsync(Post post, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(async (context, _) =>
            {
                var inspection = post.Inspection;
                await context.Database.ExecuteSqlAsync($"""
                    INSERT INTO posts (id, author_id, category_id, title, content, version, created_at, updated_at, deleted_at,
                        state, tags, reason, inspected_at, published_version)
                    VALUES ({post.Id}, {post.AuthorId}, {post.CategoryId}, {post.Title}, {post.Content}, {post.Version}, {post.CreatedAt},
                        {post.UpdatedAt}, {post.DeletedAt}, {(int)inspection.State}, {TagJson.Write(inspection.Tags)}, {inspection.Reason},
                        {inspection.InspectedAt}, {post.PublishedVersion})
                    """, cancellationToken);
                await PublishAsync(context, post, cancellationToken);
                await OutboxTable.InsertAsync(context, events, cancellationToken);
                return true;
            }, cancellationToken);
        }
        catch (MySqlException e) when (e.ErrorCode == MySqlErrorCode.DuplicateKeyEntry)
        {
            return (await FindAsync(post.Id, cancellationToken))!;
        }
        OutboxTable.Signal(signal, events);
        return post;
    }

    public async Task<bool> ReplaceAsync(Post basis, Post updated, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken)
    {
        var replaced = await database.WriteAsync(async (context, attempt) =>
        {
            var inspection = updated.Inspection;
            var matches = await context.Database.ExecuteSqlAsync($"""
                UPDATE posts SET author_id = {updated.AuthorId}, category_id = {updated.CategoryId}, title = {updated.Title},
                    content = {updated.Content}, version = {updated.Version}, created_at = {updated.CreatedAt}, updated_at = {updated.UpdatedAt},
                    deleted_at = {updated.DeletedAt}, state = {(int)inspection.State}, tags = {TagJson.Write(inspection.Tags)},
                    reason = {inspection.Reason}, inspected_at = {inspection.InspectedAt}, published_version = {updated.PublishedVersion}
                WHERE id = {basis.Id} AND version = {basis.Version} AND state = {(int)basis.Inspection.State}
                """, cancellationToken);
            if (matches == 0)
                return attempt > 1 && await IsStoredAsync(context, updated, cancellationToken);
            await PublishAsync(context, updated, cancellationToken);
            await OutboxTable.InsertAsync(context, events, cancellationToken);
            return true;
        }, cancellationToken);
        if (replaced)
            OutboxTable.Signal(signal, events);
        return replaced;
    }

    public async Task<Post?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        (await database.ReadAsync(context => context.Posts.SingleOrDefaultAsync(post => post.Id == id, cancellationToken), cancellationToken))?.ToPost();

    public async Task<IReadOnlyList<PublishedPost>> FindPublishedAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        if (ids.Count == 0)
            return [];
        var found = await database.ReadAsync(
            context => context.PublishedPosts.Where(post => ids.Contains(post.Id)).ToListAsync(cancellationToken), cancellationToken);
        return [.. found.Select(post => post.ToPost())];
    }

    public async Task<IReadOnlyList<Post>> ListByAuthorAsync(long authorId, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var last = before ?? Guid.AllBitsSet;
        var found = await database.ReadAsync(context => context.Posts
            .Where(post => post.AuthorId == authorId && post.DeletedAt == null && post.Id < last)
            .OrderByDescending(post => post.Id).Take(limit).ToListAsync(cancellationToken), cancellationToken);
        return [.. found.Select(post => post.ToPost())];
    }

    /// <summary>Takes at most a page from each author's end of the index, whatever they have written; then the newest of those.</summary>
    public async Task<IReadOnlyList<PublishedPost>> ListPublishedByAuthorsAsync(
        IReadOnlyCollection<long> authorIds, Guid? before, int limit, CancellationToken cancellationToken)
    {
        if (authorIds.Count == 0)
            return [];
        var authors = JsonSerializer.Serialize(authorIds.Distinct());
        var last = before ?? Guid.AllBitsSet;
        var found = await database.ReadAsync(context => context.PublishedPosts.FromSql($"""
            SELECT post.* FROM (
                SELECT newest.id FROM JSON_TABLE({authors}, '$[*]' COLUMNS (id BIGINT PATH '$')) author
                JOIN LATERAL (
                    SELECT id FROM published_posts WHERE author_id = author.id AND id < {last} ORDER BY id DESC LIMIT {limit}) newest
                ORDER BY newest.id DESC LIMIT {limit}) page
            JOIN published_posts post ON post.id = page.id
            ORDER BY post.id DESC
            """).ToListAsync(cancellationToken), cancellationToken);
        return [.. found.Select(post => post.ToPost())];
    }

    private static Task PublishAsync(FeedBoxDbContext context, Post post, CancellationToken cancellationToken) =>
        post.PublishedVersion is null
            ? post.Version == 1
                ? Task.CompletedTask // a new post has nothing to withdraw
                : context.Database.ExecuteSqlAsync($"DELETE FROM published_posts WHERE id = {post.Id}", cancellationToken)
            : post.PublishedVersion != post.Version
                ? Task.CompletedTask
                : context.Database.ExecuteSqlAsync($"""
                    REPLACE INTO published_posts (id, version, author_id, category_id, title, content, tags, created_at, updated_at)
                    VALUES ({post.Id}, {post.Version}, {post.AuthorId}, {post.CategoryId}, {post.Title}, {post.Content},
                        {TagJson.Write(post.Inspection.Tags)}, {post.CreatedAt}, {post.UpdatedAt})
                    """, cancellationToken);

    /// <summary>Was the write that now finds no basis already done by the try before, whose answer got lost?</summary>
    private static Task<bool> IsStoredAsync(FeedBoxDbContext context, Post updated, CancellationToken cancellationToken)
    {
        var state = updated.Inspection.State;
        return context.Posts.AnyAsync(post => post.Id == updated.Id && post.Version == updated.Version && post.State == state
            && post.Title == updated.Title && post.Content == updated.Content
            && post.UpdatedAt == updated.UpdatedAt && post.InspectedAt == updated.Inspection.InspectedAt, cancellationToken);
    }
}
