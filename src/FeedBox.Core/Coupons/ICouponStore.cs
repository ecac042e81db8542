namespace FeedBox.Core.Coupons;

public enum CouponUse { Used, AlreadyUsed, Expired, NotFound }

/// <summary>Coupon events and the coupons issued for them. Everything is durable when a call returns.</summary>
public interface ICouponStore
{
    /// <summary>Adds an event; one whose id exists already (a repeated request) is returned as stored.</summary>
    Task<CouponEvent> AddEventAsync(CouponEvent couponEvent, CancellationToken cancellationToken);

    Task<CouponEvent?> FindEventAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>Events, newest first, those before the given id.</summary>
    Task<IReadOnlyList<CouponEvent>> ListEventsAsync(Guid? before, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Issues a batch in one transaction. Passed over without error: a user who holds a coupon of the event already, a request of
    /// another generation than the event's, an unknown event, and whatever would exceed the limit, which the table itself refuses.
    /// Returns how many were added.
    /// </summary>
    Task<int> IssueAsync(IReadOnlyList<CouponRequested> requests, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Whether a request became a coupon.</summary>
    Task<bool> IsIssuedAsync(Guid couponId, CancellationToken cancellationToken);

    /// <summary>The generation whose requests are issued; 0 for an event whose gate was never loaded, and for an unknown event.</summary>
    Task<int> GetGenerationAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>
    /// Moves the event on to the next generation and returns who holds a coupon at that moment, in one transaction.
    /// Null when <paramref name="generation"/> does not follow the stored one: of several callers, one succeeds.
    /// </summary>
    Task<IReadOnlyList<CouponHolder>?> StartGenerationAsync(Guid eventId, int generation, CancellationToken cancellationToken);

    /// <summary>A user's coupons that are neither used nor expired, newest first, those before the given id; each with its event's name.</summary>
    Task<IReadOnlyList<Coupon>> ListUsableAsync(long userId, DateTimeOffset now, Guid? before, int limit, CancellationToken cancellationToken);

    /// <summary>Uses a coupon of this user; of two at once, one is <see cref="CouponUse.Used"/>.</summary>
    Task<CouponUse> UseAsync(Guid couponId, long userId, DateTimeOffset now, CancellationToken cancellationToken);
}
