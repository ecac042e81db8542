using System.Collections.Concurrent;

namespace FeedBox.Core.Posts;

/// <summary>The cache of a single process: two generations, the older one dropped when the younger is full.</summary>
public sealed class MemoryPostCache(int capacity = 20_000) : IPostCache
{
    private readonly Lock _turn = new();
    private ConcurrentDictionary<Guid, CachedPost> _young = new();
    private ConcurrentDictionary<Guid, CachedPost> _old = new();
    private int _youngCount;

    public ValueTask<IReadOnlyDictionary<Guid, CachedPost>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Guid, CachedPost>(ids.Count);
        foreach (var id in ids)
        {
            if (_young.TryGetValue(id, out var entry))
                found[id] = entry;
            else if (_old.TryGetValue(id, out entry))
                found[id] = Store(id, entry);
        }
        return new(found);
    }

    public ValueTask PutAsync(IReadOnlyCollection<PublishedPost> posts, CancellationToken cancellationToken)
    {
        foreach (var post in posts)
            Store(post.Id, new(post.Version, post));
        return ValueTask.CompletedTask;
    }

    public ValueTask RemoveAsync(Guid id, int version, CancellationToken cancellationToken)
    {
        Store(id, new(version, null));
        return ValueTask.CompletedTask;
    }

    private CachedPost Store(Guid id, CachedPost entry)
    {
        if (_old.TryGetValue(id, out var older))
            entry = Newer(older, entry);
        if (_young.TryAdd(id, entry))
        {
            if (Interlocked.Increment(ref _youngCount) > capacity / 2)
                Turn();
            return entry;
        }
        return _young.AddOrUpdate(id, entry, (_, present) => Newer(present, entry));
    }

    private static CachedPost Newer(CachedPost present, CachedPost candidate) =>
        candidate.Version > present.Version || (candidate.Version == present.Version && candidate.Post is null) ? candidate : present;

    private void Turn()
    {
        lock (_turn)
        {
            if (_youngCount <= capacity / 2)
                return;
            _youngCount = 0;
            _old = _young;
            _young = new();
        }
    }
}
