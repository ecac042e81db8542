namespace FeedBox.Core.UserTeam;

public sealed record User(long Id, string Name);

public sealed record Category(long Id, string Name);

/// <summary>
/// The other team's REST API, made as dependable as it can be: budgets, hedged reads, a breaker per endpoint. Not cached.
/// Null or absent means that the user team says it does not exist.
/// </summary>
/// <exception cref="DependencyUnavailableException">The user team answers nobody now.</exception>
/// <exception cref="HttpRequestException">This call failed within its whole budget, while others succeeded.</exception>
public interface IUserTeam
{
    Task<User?> GetUserAsync(long id, CancellationToken cancellationToken);
    Task<IReadOnlyList<User>> GetUsersAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken);
    Task<Category?> GetCategoryAsync(long id, CancellationToken cancellationToken);

    /// <summary>Every category there is; a short list.</summary>
    Task<IReadOnlyList<Category>> GetCategoriesAsync(CancellationToken cancellationToken);

    /// <summary>Ids of the followers in a stable order; a follower that stays is on exactly one page, whoever comes and goes meanwhile.</summary>
    Task<Page<long>> GetFollowersAsync(long followingId, string? cursor, int limit, CancellationToken cancellationToken);

    Task<IReadOnlyList<long>> GetFollowingsAsync(long followerId, CancellationToken cancellationToken);

    /// <summary>Following twice is following once.</summary>
    Task FollowAsync(long followerId, long followingId, CancellationToken cancellationToken);

    Task UnfollowAsync(long followerId, long followingId, CancellationToken cancellationToken);
}
