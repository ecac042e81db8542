using FeedBox.Core.Events;
using FeedBox.Core.Inspection;

namespace FeedBox.Core.Posts;

/// <summary>Updates and deletes by the author, against the version the author has seen.</summary>
public sealed class ChangePost(IPostStore posts, TimeProvider time)
{
    /// <summary>Makes the next version, pending again. Until it is inspected, others keep seeing the approved one.</summary>
    /// <param name="expectedVersion">Null for whichever it is.</param>
    public Task<Post> UpdateAsync(Guid id, long author, PostDraft draft, int? expectedVersion, CancellationToken cancellationToken)
    {
        var (title, content, category) = draft.Validate();
        return ReplaceAsync(id, author, expectedVersion, post =>
        {
            var updated = post with
            {
                Title = title,
                Content = content,
                CategoryId = category,
                Version = post.Version + 1,
                UpdatedAt = time.GetUtcNow(),
                Inspection = PostInspection.Pending,
            };
            return (updated, [PostEvents.Updated(updated)]);
        }, cancellationToken);
    }

    /// <summary>Soft. What others saw is withdrawn in the same transaction, without waiting for an inspector.</summary>
    public Task DeleteAsync(Guid id, long author, int? expectedVersion, CancellationToken cancellationToken) =>
        ReplaceAsync(id, author, expectedVersion, post =>
        {
            var now = time.GetUtcNow();
            var deleted = post with { Version = post.Version + 1, UpdatedAt = now, DeletedAt = now, PublishedVersion = null };
            return post.PublishedVersion is null
                ? (deleted, [PostEvents.Deleted(deleted)])
                : (deleted, [PostEvents.Deleted(deleted), PostEvents.Withdrawn(deleted, "deleted", now)]);
        }, cancellationToken);

    private async Task<Post> ReplaceAsync(
        Guid id, long author, int? expectedVersion, Func<Post, (Post Updated, IReadOnlyList<OutboundEvent> Events)> change,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var basis = await posts.FindAsync(id, cancellationToken);
            if (basis is null || basis.IsDeleted)
                throw FeedBoxException.NotFound("post-not-found", "There is no such post.");
            if (basis.AuthorId != author)
                throw basis.PublishedVersion is null
                    ? FeedBoxException.NotFound("post-not-found", "There is no such post.")
                    : FeedBoxException.Forbidden("not-the-author", "Only its author may change a post.");
            if (expectedVersion is { } expected && expected != basis.Version)
                throw new FeedBoxException(ProblemKind.PreconditionFailed, "version-mismatch", $"The post is at version {basis.Version} now.");

            var (updated, events) = change(basis);
            if (await posts.ReplaceAsync(basis, updated, events, cancellationToken))
                return updated;
        }
    }
}
