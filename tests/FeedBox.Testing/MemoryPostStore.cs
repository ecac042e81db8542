using FeedBox.Core.Events;
using FeedBox.Core.Posts;

namespace FeedBox.Testing;

/// <summary><see cref="IPostStore"/> in memory; <see cref="Outbox"/> holds the events of every committed write, in order.</summary>
public sealed class MemoryPostStore : IPostStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Post> _posts = [];
    private readonly Dictionary<Guid, PublishedPost> _published = [];
    private readonly List<OutboundEvent> _outbox = [];
    private int _publishedLookups;

    public IReadOnlyList<OutboundEvent> Outbox
    {
        get
        {
            lock (_gate)
                return [.. _outbox];
        }
    }

    /// <summary>How often published posts were asked for by id.</summary>
    public int PublishedLookups => Volatile.Read(ref _publishedLookups);

    public Task<Post> InsertAsync(Post post, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_posts.TryAdd(post.Id, post))
                return Task.FromResult(_posts[post.Id]);
            _outbox.AddRange(events);
            return Task.FromResult(post);
        }
    }

    public Task<bool> ReplaceAsync(Post basis, Post updated, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_posts.TryGetValue(basis.Id, out var present)
                || present.Version != basis.Version || present.Inspection.State != basis.Inspection.State)
                return Task.FromResult(false);
            _posts[basis.Id] = updated;
            _outbox.AddRange(events);
            if (updated.PublishedVersion is null)
                _published.Remove(basis.Id);
            else if (updated.PublishedVersion == updated.Version)
                _published[basis.Id] = new(
                    updated.Id, updated.Version, updated.AuthorId, updated.CategoryId, updated.Title, updated.Content,
                    updated.Inspection.Tags, updated.CreatedAt, updated.UpdatedAt);
            return Task.FromResult(true);
        }
    }

    public Task<Post?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(_posts.GetValueOrDefault(id));
    }

    public Task<IReadOnlyList<PublishedPost>> FindPublishedAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _publishedLookups);
        lock (_gate)
            return Task.FromResult<IReadOnlyList<PublishedPost>>([.. ids.Distinct().Where(_published.ContainsKey).Select(id => _published[id])]);
    }

    public Task<IReadOnlyList<Post>> ListByAuthorAsync(long authorId, Guid? before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<Post>>([.. NewestFirst(
                _posts.Values.Where(post => post.AuthorId == authorId && !post.IsDeleted), post => post.Id, before, limit)]);
    }

    public Task<IReadOnlyList<PublishedPost>> ListPublishedByAuthorsAsync(
        IReadOnlyCollection<long> authorIds, Guid? before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<PublishedPost>>([.. NewestFirst(
                _published.Values.Where(post => authorIds.Contains(post.AuthorId)), post => post.Id, before, limit)]);
    }

    internal static IEnumerable<T> NewestFirst<T>(IEnumerable<T> items, Func<T, Guid> id, Guid? before, int limit) =>
        items.Where(item => before is not { } end || Order(id(item), end) < 0).OrderByDescending(item => id(item).ToString(), StringComparer.Ordinal).Take(limit);

    /// <summary>Ids by time, as every store orders them: by their text.</summary>
    private static int Order(Guid left, Guid right) => string.CompareOrdinal(left.ToString(), right.ToString());
}
