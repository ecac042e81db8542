using FeedBox.Bench.Crowd;
using Microsoft.Data.Sqlite;

namespace FeedBox.Bench.Crash;

/// <summary>Looks into the file of the stopped process, for what the API's own filters could hide.</summary>
internal static class StoredState
{
    public static void Check(string path, Cast cast, Journal journal)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        var visible = cast.Authors.SelectMany(author => author.Posts).Where(post => post.IsVisible).ToList();

        Expect("damage", "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'", 0);
        Expect("events left in the outbox", "SELECT count(*) FROM outbox", 0);
        Expect("dead letters in the log", "SELECT count(*) FROM log_records JOIN log_topics ON log_topics.id = log_records.id >> 50 WHERE name LIKE '%.dlt'", 0);
        Expect("published posts", "SELECT count(*) FROM published_posts", visible.Count);
        Expect("posts in the index", "SELECT count(*) FROM search_posts WHERE NOT removed", visible.Count);
        Expect("inbox entries of posts that are not published", "SELECT count(*) FROM inbox WHERE post_id NOT IN (SELECT id FROM published_posts)", 0);
        Expect("coupons", "SELECT count(*) FROM coupons", CouponCrowd.Limit * cast.Coupons.Events.Count);
        Expect("coupons used", "SELECT count(*) FROM coupons WHERE used_at IS NOT NULL", cast.Coupons.Uses.Count);
        Expect("coupon places given twice", "SELECT count(*) - count(DISTINCT hex(event_id) || '/' || sequence) FROM coupons", 0);

        void Expect(string what, string sql, long expected)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            var found = (long)command.ExecuteScalar()!;
            if (found != expected)
                journal.Wrong($"stored {what}: {found} instead of {expected}");
        }
    }
}
