using FeedBox.Core.Events;

namespace FeedBox.Core.Posts;

/// <summary>
/// Posts and the snapshot of each that is published. Every write commits together with its outbox rows, and is durable when the call returns.
/// </summary>
public interface IPostStore
{
    /// <summary>Adds a post. When its id exists already (a repeated request), nothing is written and the stored post is returned.</summary>
    Task<Post> InsertAsync(Post post, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces <paramref name="basis"/> by <paramref name="updated"/>; false, and nothing written, when the stored post no longer has
    /// the version and the inspection state of the basis. The published snapshot follows <see cref="Post.PublishedVersion"/>:
    /// equal to the version, it becomes this text; null, it is removed; otherwise it stays.
    /// </summary>
    Task<bool> ReplaceAsync(Post basis, Post updated, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken);

    /// <summary>Deleted posts are found too.</summary>
    Task<Post?> FindAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>The published snapshots among the ids, in any order; ids without one are missing from the answer.</summary>
    Task<IReadOnlyList<PublishedPost>> FindPublishedAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken);

    /// <summary>An author's undeleted posts, newest first, those before the given id.</summary>
    Task<IReadOnlyList<Post>> ListByAuthorAsync(long authorId, Guid? before, int limit, CancellationToken cancellationToken);

    /// <summary>Published posts of the given authors together, newest first, those before the given id.</summary>
    Task<IReadOnlyList<PublishedPost>> ListPublishedByAuthorsAsync(
        IReadOnlyCollection<long> authorIds, Guid? before, int limit, CancellationToken cancellationToken);
}
