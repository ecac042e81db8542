namespace FeedBox.Core.Posts;

/// <summary>The cache of a single process.</summary>
public sealed class MemoryPostCache(int capacity = 20_000) : IPostCache
{
    private readonly BoundedMap<Guid, CachedPost> _posts = new(capacity);

    public ValueTask<IReadOnlyDictionary<Guid, CachedPost>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Guid, CachedPost>(ids.Count);
        foreach (var id in ids)
            if (_posts.Find(id) is { } entry)
                found[id] = entry;
        return new(found);
    }

    public ValueTask PutAsync(IReadOnlyCollection<PublishedPost> posts, CancellationToken cancellationToken)
    {
        foreach (var post in posts)
            _posts.Set(post.Id, new(post.Version, post), Newer);
        return ValueTask.CompletedTask;
    }

    public ValueTask RemoveAsync(Guid id, int version, CancellationToken cancellationToken)
    {
        _posts.Set(id, new(version, null), Newer);
        return ValueTask.CompletedTask;
    }

    private static CachedPost Newer(CachedPost present, CachedPost candidate) =>
        candidate.Version > present.Version || (candidate.Version == present.Version && candidate.Post is null) ? candidate : present;
}
