using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.UserTeam;

namespace FeedBox.Testing;

/// <summary>
/// The user team in memory, with 15 users and 5 categories, and the name directory on top of it without a cache.
/// <see cref="Down"/> makes the one refuse and the other know nothing.
/// </summary>
public sealed class MemoryUserTeam : IUserTeam, INameDirectory
{
    private readonly ConcurrentDictionary<(long Follower, long Following), byte> _follows = new();

    public ConcurrentDictionary<long, string> Users { get; } = new(Enumerable.Range(1, 15).Select(id => KeyValuePair.Create((long)id, $"사용자{id}")));

    public ConcurrentDictionary<long, string> Categories { get; } = new(
        new[] { "기술", "여행", "음식", "영화", "운동" }.Select((name, i) => KeyValuePair.Create(i + 1L, name)));

    public bool Down { get; set; }

    /// <summary>How often names were asked for.</summary>
    public int NameLookups;

    public Task<User?> GetUserAsync(long id, CancellationToken cancellationToken) =>
        Answer(Users.TryGetValue(id, out var name) ? new User(id, name) : null);

    public Task<IReadOnlyList<User>> GetUsersAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<User>>([.. ids.Where(Users.ContainsKey).Select(id => new User(id, Users[id]))]);

    public Task<Category?> GetCategoryAsync(long id, CancellationToken cancellationToken) =>
        Answer(Categories.TryGetValue(id, out var name) ? new Category(id, name) : null);

    public Task<IReadOnlyList<Category>> GetCategoriesAsync(CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<Category>>([.. Categories.OrderBy(entry => entry.Key).Select(entry => new Category(entry.Key, entry.Value))]);

    public Task<Page<long>> GetFollowersAsync(long followingId, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var after = cursor is null ? 0 : long.Parse(cursor);
        var followers = _follows.Keys.Where(follow => follow.Following == followingId && follow.Follower > after).Select(follow => follow.Follower).Order();
        return Answer(Paging.Cut([.. followers.Take(limit + 1)], limit, id => id.ToString()));
    }

    Task<IReadOnlyList<long>> IUserTeam.GetFollowingsAsync(long followerId, CancellationToken cancellationToken) =>
        Answer<IReadOnlyList<long>>([.. Followings(followerId).Order()]);

    public Task FollowAsync(long followerId, long followingId, CancellationToken cancellationToken)
    {
        var done = Answer(true);
        if (!Down)
            _follows.TryAdd((followerId, followingId), 0);
        return done;
    }

    public Task UnfollowAsync(long followerId, long followingId, CancellationToken cancellationToken)
    {
        var done = Answer(true);
        if (!Down)
            _follows.TryRemove((followerId, followingId), out _);
        return done;
    }

    public ValueTask<Names> GetNamesAsync(IReadOnlyCollection<long> userIds, IReadOnlyCollection<long> categoryIds, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref NameLookups);
        var none = new Dictionary<long, string>();
        return new(Down
            ? new Names(none, none, Partial: userIds.Count + categoryIds.Count > 0)
            : new Names(Named(userIds, Users), Named(categoryIds, Categories), Partial: false));
    }

    public ValueTask<IReadOnlySet<long>?> GetFollowingsAsync(long followerId, CancellationToken cancellationToken) =>
        new(Down ? null : Followings(followerId));

    public async ValueTask<Category?> RequireCategoryAsync(long id, CancellationToken cancellationToken) => await GetCategoryAsync(id, cancellationToken);

    public void ForgetFollowings(long followerId)
    {
    }

    private HashSet<long> Followings(long followerId) =>
        [.. _follows.Keys.Where(follow => follow.Follower == followerId).Select(follow => follow.Following)];

    private static Dictionary<long, string> Named(IReadOnlyCollection<long> ids, ConcurrentDictionary<long, string> names) =>
        ids.Where(names.ContainsKey).Distinct().ToDictionary(id => id, id => names[id]);

    private Task<T> Answer<T>(T value) =>
        Down ? Task.FromException<T>(new DependencyUnavailableException("user-team", TimeSpan.FromSeconds(5))) : Task.FromResult(value);
}
