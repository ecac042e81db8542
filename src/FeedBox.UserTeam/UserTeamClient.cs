using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FeedBox.Core;
using FeedBox.Core.Resilience;
using FeedBox.Core.UserTeam;

namespace FeedBox.UserTeam;

/// <summary>
/// The user team's REST API. Each endpoint has its own pipeline and breaker, around the HTTP client named <see cref="ClientName"/>;
/// a process may add handlers to that client (discovery, telemetry), but no second layer of retries.
/// </summary>
public sealed class UserTeamClient(IHttpClientFactory clients, UserTeamOptions options, TimeProvider time) : IUserTeam, IBreakerStates
{
    public const string ClientName = "user-team";
    private const int IdsPerCall = 100;

    private readonly UserTeamEndpoint _user = new("GET /users/{id}", isRead: true, options, time);
    private readonly UserTeamEndpoint _users = new("GET /users", isRead: true, options, time);
    private readonly UserTeamEndpoint _category = new("GET /categories/{id}", isRead: true, options, time);
    private readonly UserTeamEndpoint _categories = new("GET /categories", isRead: true, options, time);
    private readonly UserTeamEndpoint _followers = new("GET /followers", isRead: true, options, time);
    private readonly UserTeamEndpoint _followings = new("GET /followings", isRead: true, options, time);
    private readonly UserTeamEndpoint _follow = new("PUT /followings", isRead: false, options, time);
    private readonly UserTeamEndpoint _unfollow = new("DELETE /followings", isRead: false, options, time);

    public Task<User?> GetUserAsync(long id, CancellationToken cancellationToken) =>
        FindAsync(_user, $"users/{id}", UserTeamJson.Default.User, cancellationToken);

    public async Task<IReadOnlyList<User>> GetUsersAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        var chunks = await Task.WhenAll(ids.Chunk(IdsPerCall).Select(chunk =>
            GetAsync(_users, $"users?ids={string.Join(',', chunk)}", UserTeamJson.Default.IReadOnlyListUser, cancellationToken)));
        return chunks is [var only] ? only : [.. chunks.SelectMany(users => users)];
    }

    public Task<Category?> GetCategoryAsync(long id, CancellationToken cancellationToken) =>
        FindAsync(_category, $"categories/{id}", UserTeamJson.Default.Category, cancellationToken);

    public Task<IReadOnlyList<Category>> GetCategoriesAsync(CancellationToken cancellationToken) =>
        GetAsync(_categories, "categories", UserTeamJson.Default.IReadOnlyListCategory, cancellationToken);

    public async Task<Page<long>> GetFollowersAsync(long followingId, string? cursor, int limit, CancellationToken cancellationToken)
    {
        var from = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
        var page = await GetAsync(
            _followers, $"followers?followingId={followingId}&limit={limit}{from}", UserTeamJson.Default.FollowersAnswer, cancellationToken);
        return new(page.Items, page.Next);
    }

    public Task<IReadOnlyList<long>> GetFollowingsAsync(long followerId, CancellationToken cancellationToken) =>
        GetAsync(_followings, $"followings?followerId={followerId}", UserTeamJson.Default.IReadOnlyListInt64, cancellationToken);

    public Task FollowAsync(long followerId, long followingId, CancellationToken cancellationToken) =>
        SendAsync(_follow, HttpMethod.Put, $"followings/{followerId}/{followingId}", cancellationToken);

    public Task UnfollowAsync(long followerId, long followingId, CancellationToken cancellationToken) =>
        SendAsync(_unfollow, HttpMethod.Delete, $"followings/{followerId}/{followingId}", cancellationToken);

    public IReadOnlyList<BreakerState> Read() =>
        [_user.State, _users.State, _category.State, _categories.State, _followers.State, _followings.State, _follow.State, _unfollow.State];

    private Task<T?> FindAsync<T>(UserTeamEndpoint endpoint, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) where T : class =>
        endpoint.CallAsync(async token =>
        {
            using var response = await clients.CreateClient(ClientName).GetAsync(path, token);
            return response.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync(response, type, token);
        }, cancellationToken);

    private Task<T> GetAsync<T>(UserTeamEndpoint endpoint, string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) where T : class =>
        endpoint.CallAsync(async token =>
        {
            using var response = await clients.CreateClient(ClientName).GetAsync(path, token);
            return await ReadAsync(response, type, token);
        }, cancellationToken);

    private async Task SendAsync(UserTeamEndpoint endpoint, HttpMethod method, string path, CancellationToken cancellationToken)
    {
        var status = await endpoint.CallAsync(async token =>
        {
            using var response = await clients.CreateClient(ClientName).SendAsync(new(method, path), token);
            return response.StatusCode == HttpStatusCode.NotFound ? response.StatusCode : response.EnsureSuccessStatusCode().StatusCode;
        }, cancellationToken);
        if (status == HttpStatusCode.NotFound)
            throw FeedBoxException.NotFound("user-not-found", "There is no such user.");
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken) where T : class =>
        await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(type, cancellationToken)
        ?? throw new JsonException("The user team answered null.");
}
