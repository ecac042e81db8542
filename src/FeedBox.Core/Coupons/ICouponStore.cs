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
    /// Issues a batch. A user who holds a coupon of the event already is passed over without error,
    /// and the store itself refuses, coupon by coupon, whatever would exceed the event's limit. Returns how many were added.
    /// </summary>
    Task<int> IssueAsync(IReadOnlyList<CouponRequested> requests, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Who holds a coupon of the event, with the sequence number of each.</summary>
    Task<IReadOnlyList<(long UserId, int Sequence)>> ListHoldersAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>A user's coupons that are neither used nor expired, newest first, those before the given id.</summary>
    Task<IReadOnlyList<Coupon>> ListUsableAsync(long userId, DateTimeOffset now, Guid? before, int limit, CancellationToken cancellationToken);

    /// <summary>Uses a coupon of this user; of two at once, one is <see cref="CouponUse.Used"/>.</summary>
    Task<CouponUse> UseAsync(Guid couponId, long userId, DateTimeOffset now, CancellationToken cancellationToken);
}
