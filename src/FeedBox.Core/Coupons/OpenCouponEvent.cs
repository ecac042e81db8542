namespace FeedBox.Core.Coupons;

/// <summary>What an operator sends. Without <paramref name="OpensAt"/> the event opens at once.</summary>
public sealed record CouponEventDraft(string? Name, int? Limit, DateTimeOffset? OpensAt, DateTimeOffset? ClosesAt);

public sealed class OpenCouponEvent(ICouponStore coupons, TimeProvider time)
{
    /// <param name="id">The operation's id: a repeated request finds the event it made the first time.</param>
    public Task<CouponEvent> ExecuteAsync(Guid id, CouponEventDraft draft, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var name = UserText.Require(draft.Name, "name", CouponEvent.MaxNameLength);
        var limit = draft.Limit ?? CouponEvent.DefaultLimit;
        if (limit is < 1 or > CouponEvent.MaxLimit)
            throw FeedBoxException.Invalid("limit-out-of-range", $"limit must be between 1 and {CouponEvent.MaxLimit}.");
        var opensAt = draft.OpensAt?.ToUniversalTime() ?? now;
        if (draft.ClosesAt?.ToUniversalTime() is not { } closesAt)
            throw FeedBoxException.Invalid("closesAt-required", "closesAt must be given.");
        if (closesAt <= opensAt || closesAt <= now)
            throw FeedBoxException.Invalid("closesAt-too-early", "closesAt must lie after opensAt and in the future.");
        return coupons.AddEventAsync(new(id, name, limit, opensAt, closesAt), cancellationToken);
    }
}
