namespace FeedBox.Sqlite.Coupons;

internal static class CouponSchema
{
    /// <summary>The counter is the table's own: whoever inserts a coupon too many is refused, by whatever way.</summary>
    public const string Ddl = """
        CREATE TABLE IF NOT EXISTS coupon_events (
            id BLOB PRIMARY KEY,
            name TEXT NOT NULL,
            limit_count INTEGER NOT NULL,
            opens_at INTEGER NOT NULL,
            closes_at INTEGER NOT NULL,
            generation INTEGER NOT NULL DEFAULT 0,
            issued INTEGER NOT NULL DEFAULT 0 CHECK (issued <= limit_count)
        ) STRICT;

        CREATE TABLE IF NOT EXISTS coupons (
            id BLOB PRIMARY KEY,
            event_id BLOB NOT NULL,
            user_id INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            issued_at INTEGER NOT NULL,
            used_at INTEGER,
            UNIQUE (event_id, user_id)
        ) STRICT;
        CREATE INDEX IF NOT EXISTS coupons_unused ON coupons (user_id, id) WHERE used_at IS NULL;
        CREATE TRIGGER IF NOT EXISTS coupons_counted AFTER INSERT ON coupons BEGIN
            UPDATE coupon_events SET issued = issued + 1 WHERE id = NEW.event_id;
        END;
        """;
}
