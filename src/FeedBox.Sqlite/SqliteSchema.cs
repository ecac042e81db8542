using FeedBox.Sqlite.AccessLog;
using FeedBox.Sqlite.Coupons;
using FeedBox.Sqlite.DeadLetters;
using FeedBox.Sqlite.Events;
using FeedBox.Sqlite.Idempotency;
using FeedBox.Sqlite.Inbox;
using FeedBox.Sqlite.Posts;
using FeedBox.Sqlite.Search;
using FeedBox.Sqlite.UserTeam;

namespace FeedBox.Sqlite;

/// <summary>
/// All tables, each defined beside the store that uses it. Ids of ours are 16 bytes big-endian, times are UTC ticks.
/// </summary>
internal static class SqliteSchema
{
    /// <summary>Raised with every change to an existing table, together with the step that migrates to it.</summary>
    public const int Version = 2;

    private static readonly string[] Features =
    [
        PostSchema.Ddl,
        EventSchema.Ddl,
        InboxSchema.Ddl,
        IdempotencySchema.Ddl,
        NameSchema.Ddl,
        SqliteSearchIndex.Ddl,
        CouponSchema.Ddl,
        DeadLetterSchema.Ddl,
        AccessLogSchema.Ddl,
    ];

    public static void Apply(SqliteWriter writer)
    {
        var found = writer.Prepare("PRAGMA user_version").Scalar() ?? 0;
        if (found > Version)
            throw new InvalidDataException($"The database has schema {found}; this FeedBox knows {Version}. Use the newer FeedBox.");
        writer.Run("BEGIN IMMEDIATE");
        foreach (var ddl in Features)
            writer.Run(ddl);
        if (found == 1)
            writer.Run(InboxSchema.ToVersion2);
        writer.Run($"PRAGMA user_version = {Version}; COMMIT");
    }
}
