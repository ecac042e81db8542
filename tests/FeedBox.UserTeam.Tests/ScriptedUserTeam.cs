using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.UserTeam;

namespace FeedBox.UserTeam.Tests;

/// <summary>A user team that counts its calls and answers when, and as, the test says.</summary>
public sealed class ScriptedUserTeam : IUserTeam
{
    public ConcurrentDictionary<long, string> Users { get; } = new(Enumerable.Range(1, 500).Select(id => KeyValuePair.Create((long)id, $"이름{id}")));
    public ConcurrentDictionary<long, string> Categories { get; } = new([KeyValuePair.Create(1L, "건강"), KeyValuePair.Create(2L, "공부")]);
    public ConcurrentDictionary<long, long[]> Followings { get; } = new();
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Awaited by every call.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    public bool Down
    {
        set => Before = value ? () => throw new DependencyUnavailableException("user-team", TimeSpan.FromSeconds(5)) : () => Task.CompletedTask;
    }

    public Task<User?> GetUserAsync(long id, CancellationToken cancellationToken) =>
        AnswerAsync($"user {id}", () => Users.TryGetValue(id, out var name) ? new User(id, name) : null);

    public Task<IReadOnlyList<User>> GetUsersAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) =>
        AnswerAsync<IReadOnlyList<User>>($"users {string.Join(',', ids.Order())}", () => [.. ids.Where(Users.ContainsKey).Select(id => new User(id, Users[id]))]);

    public Task<Category?> GetCategoryAsync(long id, CancellationToken cancellationToken) =>
        AnswerAsync($"category {id}", () => Categories.TryGetValue(id, out var name) ? new Category(id, name) : null);

    public Task<IReadOnlyList<Category>> GetCategoriesAsync(CancellationToken cancellationToken) =>
        AnswerAsync<IReadOnlyList<Category>>("categories", () => [.. Categories.Select(entry => new Category(entry.Key, entry.Value))]);

    public Task<Page<long>> GetFollowersAsync(long followingId, string? cursor, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<long>> GetFollowingsAsync(long followerId, CancellationToken cancellationToken) =>
        AnswerAsync<IReadOnlyList<long>>($"followings {followerId}", () => Followings.GetValueOrDefault(followerId, []));

    public Task FollowAsync(long followerId, long followingId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task UnfollowAsync(long followerId, long followingId, CancellationToken cancellationToken) => throw new NotSupportedException();

    private async Task<T> AnswerAsync<T>(string call, Func<T> answer)
    {
        Calls.Enqueue(call);
        var now = answer();
        await Before();
        return now;
    }
}
