namespace FeedBox.Core.Coupons;

/// <summary>A first-come event: exactly <paramref name="Limit"/> coupons, requested from <paramref name="OpensAt"/> until <paramref name="ClosesAt"/>.</summary>
public sealed record CouponEvent(Guid Id, string Name, int Limit, DateTimeOffset OpensAt, DateTimeOffset ClosesAt)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 100_000;
    public const int MaxNameLength = 100;
}

/// <param name="Sequence">The place in the order of acceptance, from 1.</param>
/// <param name="ExpiresAt">From the event: a coupon can be used until its event closes.</param>
public sealed record Coupon(
    Guid Id, Guid EventId, string EventName, long UserId, int Sequence, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, DateTimeOffset? UsedAt);

/// <summary>The event coupon.requested: one per accepted request. Its id is the coupon's id.</summary>
public sealed record CouponRequested(Guid CouponId, Guid CouponEventId, long UserId, int Sequence);
