using FeedBox.Core.Coupons;
using Microsoft.EntityFrameworkCore;
using MySqlConnector;

namespace FeedBox.MySql.Coupons;

internal sealed class MySqlCouponStore(MySqlDatabase database) : ICouponStore
{
    public async Task<CouponEvent> AddEventAsync(CouponEvent couponEvent, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync((context, _) => context.Database.ExecuteSqlAsync($"""
                INSERT INTO coupon_events (id, name, coupon_limit, issued, generation, opens_at, closes_at)
                VALUES ({couponEvent.Id}, {couponEvent.Name}, {couponEvent.Limit}, 0, 0, {couponEvent.OpensAt}, {couponEvent.ClosesAt})
                """, cancellationToken), cancellationToken);
            return couponEvent;
        }
        catch (MySqlException e) when (e.ErrorCode == MySqlErrorCode.DuplicateKeyEntry)
        {
            return (await FindEventAsync(couponEvent.Id, cancellationToken))!;
        }
    }

    public async Task<CouponEvent?> FindEventAsync(Guid eventId, CancellationToken cancellationToken) =>
        (await database.ReadAsync(context => context.CouponEvents.SingleOrDefaultAsync(e => e.Id == eventId, cancellationToken), cancellationToken))?.ToEvent();

    public async Task<IReadOnlyList<CouponEvent>> ListEventsAsync(Guid? before, int limit, CancellationToken cancellationToken)
    {
        var last = before ?? Guid.AllBitsSet;
        var found = await database.ReadAsync(context => context.CouponEvents
            .Where(e => e.Id < last).OrderByDescending(e => e.Id).Take(limit).ToListAsync(cancellationToken), cancellationToken);
        return [.. found.Select(e => e.ToEvent())];
    }

    public Task<int> IssueAsync(IReadOnlyList<CouponRequested> requests, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(async (context, _) =>
        {
            var added = 0;
            foreach (var ofEvent in requests.GroupBy(request => request.CouponEventId).OrderBy(group => group.Key)) // one order of locks for all
                added += await IssueAsync(context, ofEvent.Key, [.. ofEvent], now, cancellationToken);
            return added;
        }, cancellationToken);

    public Task<bool> IsIssuedAsync(Guid couponId, CancellationToken cancellationToken) =>
        database.ReadAsync(context => context.Coupons.AnyAsync(coupon => coupon.Id == couponId, cancellationToken), cancellationToken);

    public Task<int> GetGenerationAsync(Guid eventId, CancellationToken cancellationToken) =>
        database.ReadAsync(context => context.CouponEvents
            .Where(e => e.Id == eventId).Select(e => e.Generation).SingleOrDefaultAsync(cancellationToken), cancellationToken);

    /// <summary>When the answer of a start gets lost, it counts as somebody else's: the next generation is then the one to start.</summary>
    public Task<IReadOnlyList<CouponHolder>?> StartGenerationAsync(Guid eventId, int generation, CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<CouponHolder>?>(async (context, _) =>
        {
            var started = await context.CouponEvents
                .Where(e => e.Id == eventId && e.Generation == generation - 1)
                .ExecuteUpdateAsync(e => e.SetProperty(row => row.Generation, generation), cancellationToken);
            return started == 0
                ? null
                : await context.Coupons.Where(coupon => coupon.EventId == eventId)
                    .Select(coupon => new CouponHolder(coupon.UserId, coupon.Sequence)).ToListAsync(cancellationToken);
        }, cancellationToken);

    public async Task<IReadOnlyList<Coupon>> ListUsableAsync(
        long userId, DateTimeOffset now, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var last = before ?? Guid.AllBitsSet;
        return await database.ReadAsync(context => context.Coupons
            .Where(coupon => coupon.UserId == userId && coupon.UsedAt == null && coupon.Event!.ClosesAt > now && coupon.Id < last)
            .OrderByDescending(coupon => coupon.Id).Take(limit)
            .Select(coupon => new Coupon(
                coupon.Id, coupon.EventId, coupon.Event!.Name, coupon.UserId, coupon.Sequence, coupon.IssuedAt, coupon.Event.ClosesAt, coupon.UsedAt))
            .ToListAsync(cancellationToken), cancellationToken);
    }

    public Task<CouponUse> UseAsync(Guid couponId, long userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(async (context, attempt) =>
        {
            var used = await context.Coupons
                .Where(coupon => coupon.Id == couponId && coupon.UserId == userId && coupon.UsedAt == null && coupon.Event!.ClosesAt > now)
                .ExecuteUpdateAsync(coupon => coupon.SetProperty(c => c.UsedAt, now), cancellationToken);
            if (used == 1)
                return CouponUse.Used;
            var present = await context.Coupons.SingleOrDefaultAsync(coupon => coupon.Id == couponId && coupon.UserId == userId, cancellationToken);
            return present switch
            {
                null => CouponUse.NotFound,
                { UsedAt: { } at } => attempt > 1 && (now - at).Duration() < TimeSpan.FromMicroseconds(1) ? CouponUse.Used : CouponUse.AlreadyUsed,
                _ => CouponUse.Expired,
            };
        }, cancellationToken);

    private static async Task<int> IssueAsync(
        FeedBoxDbContext context, Guid eventId, IReadOnlyList<CouponRequested> requests, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Everyone who issues for this event waits here.
        var couponEvent = await context.CouponEvents.FromSql($"SELECT * FROM coupon_events WHERE id = {eventId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (couponEvent is null)
            return 0;
        List<CouponRequested> valid = [.. requests.Where(request => request.Generation == couponEvent.Generation).DistinctBy(request => request.UserId)];
        List<long> users = [.. valid.Select(request => request.UserId)];
        var holders = await context.Coupons
            .Where(coupon => coupon.EventId == eventId && users.Contains(coupon.UserId))
            .Select(coupon => coupon.UserId).ToHashSetAsync(cancellationToken);
        List<CouponRequested> added =
            [.. valid.Where(request => !holders.Contains(request.UserId)).Take(couponEvent.CouponLimit - couponEvent.Issued)];
        if (added.Count == 0)
            return 0;
        await context.Database.ExecuteSqlAsync($"UPDATE coupon_events SET issued = issued + {added.Count} WHERE id = {eventId}", cancellationToken);
        await context.InsertAsync(
            "coupons (id, event_id, user_id, sequence, issued_at)",
            [.. added.Select(request => new object[] { request.CouponId, eventId, request.UserId, request.Sequence, now })], cancellationToken);
        return added.Count;
    }
}
