using System.Collections.Concurrent;
using FeedBox.Core.Inspection;
using FeedBox.Core.UserTeam;

namespace FeedBox.Core.Posts;

/// <param name="Name">Null when the user team could not be asked, or knows no such id.</param>
public sealed record NamedRef(long Id, string? Name);

/// <param name="Inspection">For the author only.</param>
public sealed record PostView(
    Guid Id, int Version, string Title, string Content, IReadOnlyList<string> Tags, NamedRef Author, NamedRef Category,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, bool Edited, PostInspection? Inspection, bool Partial);

/// <summary>
/// Posts as readers see them. A page costs one cache lookup and at most one store lookup and one round for names, whatever its size;
/// concurrent misses of a post share one load. The user team being down costs names, never posts; the cache being down costs time only.
/// </summary>
public sealed class ReadPosts(IPostStore store, IPostCache cache, INameDirectory names)
{
    private readonly ConcurrentDictionary<Guid, Task<PublishedPost?>> _loading = new();

    /// <exception cref="FeedBoxException">Code "post-not-found": unknown, deleted, or not for this reader.</exception>
    public async Task<PostView> GetAsync(Guid id, long reader, CancellationToken cancellationToken)
    {
        var published = (await FindPublishedAsync([id], cancellationToken)).GetValueOrDefault(id);
        if (published is null || published.AuthorId == reader)
        {
            var post = await store.FindAsync(id, cancellationToken);
            if (post is null || post.IsDeleted || post.AuthorId != reader)
                throw FeedBoxException.NotFound("post-not-found", "There is no such post.");
            return (await ViewAsync([post], cancellationToken))[0];
        }
        return (await ViewAsync([published], cancellationToken))[0];
    }

    /// <summary>The published ones among the ids, in the order given.</summary>
    public async Task<IReadOnlyList<PostView>> GetPublishedAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        var found = await FindPublishedAsync(ids, cancellationToken);
        return await ViewAsync([.. ids.Select(found.GetValueOrDefault).OfType<PublishedPost>()], cancellationToken);
    }

    /// <summary>An author's own posts, newest first, whatever their state.</summary>
    public async Task<Page<PostView>> ListMineAsync(long author, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var posts = await store.ListByAuthorAsync(author, before, limit + 1, cancellationToken);
        var page = Paging.Cut(posts, limit, post => post.Id.ToString());
        return new(await ViewAsync(page.Items, cancellationToken), page.Next);
    }

    private async Task<IReadOnlyDictionary<Guid, PublishedPost>> FindPublishedAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Guid, PublishedPost>(ids.Count);
        var missing = new List<Guid>();
        var cached = await FindCachedAsync(ids, cancellationToken);
        foreach (var id in ids)
        {
            if (!cached.TryGetValue(id, out var entry))
                missing.Add(id);
            else if (entry.Post is not null)
                found[id] = entry.Post;
        }
        if (missing.Count == 0)
            return found;

        foreach (var load in Load(missing))
            if (await load.WaitAsync(cancellationToken) is { } post)
                found[post.Id] = post;
        return found;
    }

    private async ValueTask<IReadOnlyDictionary<Guid, CachedPost>> FindCachedAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken)
    {
        try
        {
            return await cache.GetAsync(ids, cancellationToken);
        }
        catch (DependencyUnavailableException)
        {
            return new Dictionary<Guid, CachedPost>();
        }
    }

    private async Task PutAsync(IReadOnlyCollection<PublishedPost> posts)
    {
        try
        {
            await cache.PutAsync(posts, CancellationToken.None);
        }
        catch (DependencyUnavailableException)
        {
            // a miss more the next time
        }
    }

    private IReadOnlyList<Task<PublishedPost?>> Load(List<Guid> ids)
    {
        var started = new Dictionary<Guid, TaskCompletionSource<PublishedPost?>>();
        var loads = new List<Task<PublishedPost?>>(ids.Count);
        foreach (var id in ids)
        {
            var mine = new TaskCompletionSource<PublishedPost?>(TaskCreationOptions.RunContinuationsAsynchronously);
            var load = _loading.GetOrAdd(id, mine.Task);
            if (load == mine.Task)
                started.Add(id, mine);
            loads.Add(load);
        }
        if (started.Count > 0)
            _ = LoadAsync(started);
        return loads;
    }

    /// <summary>Runs to its end whichever reader gives up, because others wait for it.</summary>
    private async Task LoadAsync(Dictionary<Guid, TaskCompletionSource<PublishedPost?>> waiting)
    {
        try
        {
            var posts = await store.FindPublishedAsync(waiting.Keys, CancellationToken.None);
            await PutAsync(posts);
            var byId = posts.ToDictionary(post => post.Id);
            foreach (var (id, waiter) in waiting)
                waiter.SetResult(byId.GetValueOrDefault(id));
        }
        catch (Exception e)
        {
            foreach (var waiter in waiting.Values)
                waiter.TrySetException(e);
        }
        finally
        {
            foreach (var id in waiting.Keys)
                _loading.TryRemove(id, out _);
        }
    }

    private async Task<IReadOnlyList<PostView>> ViewAsync(IReadOnlyList<Post> posts, CancellationToken cancellationToken)
    {
        var known = await NamesAsync(posts.Select(post => (post.AuthorId, post.CategoryId)), cancellationToken);
        return [.. posts.Select(post => new PostView(
            post.Id, post.Version, post.Title, post.Content, post.Inspection.Tags, Author(known, post.AuthorId), Category(known, post.CategoryId),
            post.CreatedAt, post.UpdatedAt, post.UpdatedAt != post.CreatedAt, post.Inspection, IsPartial(known, post.AuthorId, post.CategoryId)))];
    }

    private async Task<IReadOnlyList<PostView>> ViewAsync(IReadOnlyList<PublishedPost> posts, CancellationToken cancellationToken)
    {
        var known = await NamesAsync(posts.Select(post => (post.AuthorId, post.CategoryId)), cancellationToken);
        return [.. posts.Select(post => new PostView(
            post.Id, post.Version, post.Title, post.Content, post.Tags, Author(known, post.AuthorId), Category(known, post.CategoryId),
            post.CreatedAt, post.UpdatedAt, post.UpdatedAt != post.CreatedAt, null, IsPartial(known, post.AuthorId, post.CategoryId)))];
    }

    private ValueTask<Names> NamesAsync(IEnumerable<(long Author, long Category)> ids, CancellationToken cancellationToken)
    {
        var users = new HashSet<long>();
        var categories = new HashSet<long>();
        foreach (var (author, category) in ids)
        {
            users.Add(author);
            categories.Add(category);
        }
        return names.GetNamesAsync(users, categories, cancellationToken);
    }

    private static NamedRef Author(Names names, long id) => new(id, names.Users.GetValueOrDefault(id));

    private static NamedRef Category(Names names, long id) => new(id, names.Categories.GetValueOrDefault(id));

    private static bool IsPartial(Names names, long author, long category) =>
        names.Partial && !(names.Users.ContainsKey(author) && names.Categories.ContainsKey(category));
}
