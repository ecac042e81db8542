namespace FeedBox.Core.Events;

/// <param name="Id">The event's.</param>
/// <param name="Refusals">How often a log that answered would not take it.</param>
public sealed record FailedPublication(Guid Id, LogMessage Message, int Refusals = 0);

/// <summary>
/// Where messages without an outbox wait while the log takes nothing. It stands on another server than the log; where both are one,
/// there is none. Everything is durable when a call returns.
/// </summary>
/// <exception cref="DependencyUnavailableException">From every member: the store cannot be reached.</exception>
public interface IFailedPublications
{
    /// <summary>Keeping an event twice is keeping it once.</summary>
    Task KeepAsync(FailedPublication publication, CancellationToken cancellationToken);

    /// <summary>Those after the given id that were refused fewer times than <paramref name="maxRefusals"/>, the oldest event first.</summary>
    Task<IReadOnlyList<FailedPublication>> ListAsync(Guid? after, int maxRefusals, int limit, CancellationToken cancellationToken);

    /// <summary>Unknown ids are ignored.</summary>
    Task RemoveAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken);

    /// <summary>Counts one refusal more.</summary>
    Task CountRefusalAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>All that are kept, however often they were refused.</summary>
    Task<long> CountAsync(CancellationToken cancellationToken);
}
