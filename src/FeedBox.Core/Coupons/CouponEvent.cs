namespace FeedBox.Core.Coupons;

/// <summary>A first-come event: exactly <paramref name="Limit"/> coupons, requested from <paramref name="OpensAt"/> until <paramref name="ClosesAt"/>.</summary>
public sealed record CouponEvent(Guid Id, string Name, int Limit, DateTimeOffset OpensAt, DateTimeOffset ClosesAt)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 100_000;
    public const int MaxNameLength = 100;
}

/// <param name="Sequence">The place taken, from 1 to the event's limit.</param>
/// <param name="ExpiresAt">From the event: a coupon can be used until its event closes.</param>
public sealed record Coupon(
    Guid Id, Guid EventId, string EventName, long UserId, int Sequence, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, DateTimeOffset? UsedAt);

/// <summary>Who holds which place of an event.</summary>
public readonly record struct CouponHolder(long UserId, int Sequence);

/// <summary>The event coupon.requested: one per accepted request, and a harmless copy where the first was in doubt.</summary>
/// <param name="CouponId">The id of the coupon it becomes.</param>
/// <param name="Generation">Of the gate that accepted it; the store issues nothing for a gate that was replaced.</param>
public sealed record CouponRequested(Guid CouponId, Guid CouponEventId, long UserId, int Sequence, int Generation);
