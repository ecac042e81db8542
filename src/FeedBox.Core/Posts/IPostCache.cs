namespace FeedBox.Core.Posts;

/// <param name="Post">Null for a tombstone: the post is known to be invisible.</param>
public sealed record CachedPost(int Version, PublishedPost? Post);

/// <summary>
/// Published posts by id, kept up to 7 days, lossy: a miss means nothing. Writes are ordered by version, not by time:
/// a put or a removal that is older than what is there is ignored, and a removal wins over a put of the same version.
/// </summary>
/// <exception cref="DependencyUnavailableException">The cache does not answer: readers go on without it, consumers try again.</exception>
public interface IPostCache
{
    ValueTask<IReadOnlyDictionary<Guid, CachedPost>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken);

    ValueTask PutAsync(IReadOnlyCollection<PublishedPost> posts, CancellationToken cancellationToken);

    /// <summary>Leaves a tombstone, so that a slow reader cannot bring an older version back.</summary>
    ValueTask RemoveAsync(Guid id, int version, CancellationToken cancellationToken);
}
