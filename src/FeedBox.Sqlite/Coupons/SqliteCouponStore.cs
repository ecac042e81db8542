using FeedBox.Core.Coupons;

namespace FeedBox.Sqlite.Coupons;

public sealed class SqliteCouponStore(SqliteDatabase database) : ICouponStore
{
    private const string EventColumns = "id, name, limit_count, opens_at, closes_at";

    public Task<CouponEvent> AddEventAsync(CouponEvent couponEvent, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            writer.Prepare($"INSERT INTO coupon_events ({EventColumns}) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING")
                .Bind(couponEvent.Id).Bind(couponEvent.Name).Bind(couponEvent.Limit).Bind(couponEvent.OpensAt).Bind(couponEvent.ClosesAt)
                .Execute();
            return FindEvent(writer, couponEvent.Id)!;
        }, cancellationToken);

    public Task<CouponEvent?> FindEventAsync(Guid eventId, CancellationToken cancellationToken) =>
        database.ReadAsync(reader => FindEvent(reader, eventId), cancellationToken);

    public Task<IReadOnlyList<CouponEvent>> ListEventsAsync(Guid? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<CouponEvent>>(reader =>
        {
            var rows = reader.Prepare($"SELECT {EventColumns} FROM coupon_events WHERE id < ? ORDER BY id DESC LIMIT ?")
                .Bind(before ?? Guid.AllBitsSet).Bind(limit);
            var events = new List<CouponEvent>();
            while (rows.Step())
                events.Add(ReadEvent(rows));
            return events;
        }, cancellationToken);

    public Task<int> IssueAsync(IReadOnlyList<CouponRequested> requests, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            var added = 0;
            foreach (var request in requests)
                added += writer.Prepare("""
                    INSERT INTO coupons (id, event_id, user_id, sequence, issued_at)
                    SELECT ?, id, ?, ?, ? FROM coupon_events WHERE id = ? AND generation = ? AND issued < limit_count
                    ON CONFLICT DO NOTHING
                    """)
                    .Bind(request.CouponId).Bind(request.UserId).Bind(request.Sequence).Bind(now)
                    .Bind(request.CouponEventId).Bind(request.Generation)
                    .Execute();
            return added;
        }, cancellationToken);

    public Task<bool> IsIssuedAsync(Guid couponId, CancellationToken cancellationToken) =>
        database.ReadAsync(reader => reader.Prepare("SELECT 1 FROM coupons WHERE id = ?").Bind(couponId).Scalar() is not null, cancellationToken);

    public Task<int> GetGenerationAsync(Guid eventId, CancellationToken cancellationToken) =>
        database.ReadAsync(reader => (int)(reader.Prepare("SELECT generation FROM coupon_events WHERE id = ?").Bind(eventId).Scalar() ?? 0), cancellationToken);

    public Task<IReadOnlyList<CouponHolder>?> StartGenerationAsync(Guid eventId, int generation, CancellationToken cancellationToken) =>
        database.WriteAsync<IReadOnlyList<CouponHolder>?>(writer =>
        {
            if (writer.Prepare("UPDATE coupon_events SET generation = ? WHERE id = ? AND generation = ?")
                    .Bind(generation).Bind(eventId).Bind(generation - 1).Execute() == 0)
                return null;
            var rows = writer.Prepare("SELECT user_id, sequence FROM coupons WHERE event_id = ?").Bind(eventId);
            var holders = new List<CouponHolder>();
            while (rows.Step())
                holders.Add(new(rows.GetInt64(0), rows.GetInt32(1)));
            return holders;
        }, cancellationToken);

    public Task<IReadOnlyList<Coupon>> ListUsableAsync(long userId, DateTimeOffset now, Guid? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<Coupon>>(reader =>
        {
            var rows = reader.Prepare("""
                SELECT coupons.id, event_id, name, user_id, sequence, issued_at, closes_at, used_at
                FROM coupons JOIN coupon_events ON coupon_events.id = event_id
                WHERE user_id = ? AND used_at IS NULL AND coupons.id < ? AND closes_at > ?
                ORDER BY coupons.id DESC LIMIT ?
                """)
                .Bind(userId).Bind(before ?? Guid.AllBitsSet).Bind(now).Bind(limit);
            var coupons = new List<Coupon>();
            while (rows.Step())
                coupons.Add(new(
                    rows.GetGuid(0), rows.GetGuid(1), rows.GetString(2), rows.GetInt64(3), rows.GetInt32(4),
                    rows.GetTime(5), rows.GetTime(6), rows.GetNullableTime(7)));
            return coupons;
        }, cancellationToken);

    public Task<CouponUse> UseAsync(Guid couponId, long userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            var row = writer.Prepare("""
                SELECT used_at, closes_at FROM coupons JOIN coupon_events ON coupon_events.id = event_id WHERE coupons.id = ? AND user_id = ?
                """)
                .Bind(couponId).Bind(userId);
            if (!row.Step())
                return CouponUse.NotFound;
            var (isUsed, expiresAt) = (!row.IsNull(0), row.GetTime(1));
            row.Reset();
            if (isUsed)
                return CouponUse.AlreadyUsed;
            if (expiresAt <= now)
                return CouponUse.Expired;
            writer.Prepare("UPDATE coupons SET used_at = ? WHERE id = ?").Bind(now).Bind(couponId).Execute();
            return CouponUse.Used;
        }, cancellationToken);

    private static CouponEvent? FindEvent(SqliteSession session, Guid id)
    {
        var row = session.Prepare($"SELECT {EventColumns} FROM coupon_events WHERE id = ?").Bind(id);
        var found = row.Step() ? ReadEvent(row) : null;
        row.Reset();
        return found;
    }

    private static CouponEvent ReadEvent(SqliteStatement row) =>
        new(row.GetGuid(0), row.GetString(1), row.GetInt32(2), row.GetTime(3), row.GetTime(4));
}
