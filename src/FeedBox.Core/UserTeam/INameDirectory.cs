namespace FeedBox.Core.UserTeam;

/// <param name="Partial">True when a name is missing because the user team could not be asked.</param>
public sealed record Names(IReadOnlyDictionary<long, string> Users, IReadOnlyDictionary<long, string> Categories, bool Partial);

/// <summary>
/// Names and followings from a cache: fresh ones at once, stale ones at once while they are refreshed behind,
/// unknown ones within a short budget or not at all. Never throws for the user team's sake.
/// </summary>
public interface INameDirectory
{
    ValueTask<Names> GetNamesAsync(
        IReadOnlyCollection<long> userIds, IReadOnlyCollection<long> categoryIds, CancellationToken cancellationToken);

    /// <summary>Whom the user follows; null when that is not known now.</summary>
    ValueTask<IReadOnlySet<long>?> GetFollowingsAsync(long followerId, CancellationToken cancellationToken);

    /// <summary>The category; null when the user team says there is none.</summary>
    /// <exception cref="DependencyUnavailableException">Not in the cache, and the user team answers nobody.</exception>
    /// <exception cref="HttpRequestException">Not in the cache, and this call failed.</exception>
    ValueTask<Category?> RequireCategoryAsync(long id, CancellationToken cancellationToken);

    /// <summary>Makes the next read ask again, after a change that went through FeedBox; soon after, that of every other process too.</summary>
    void ForgetFollowings(long followerId);
}

/// <param name="Kind">"user" or "category".</param>
public readonly record struct NameKey(string Kind, long Id);

public sealed record StoredName(string Name, DateTimeOffset FetchedAt);

/// <summary>The durable second level behind the names in memory, so that a restart during an outage still shows names. Kept 7 days.</summary>
public interface INameStore
{
    Task<IReadOnlyDictionary<NameKey, StoredName>> GetAsync(IReadOnlyCollection<NameKey> keys, CancellationToken cancellationToken);

    /// <summary>The later fetch wins.</summary>
    Task PutAsync(IReadOnlyDictionary<NameKey, StoredName> names, CancellationToken cancellationToken);
}
