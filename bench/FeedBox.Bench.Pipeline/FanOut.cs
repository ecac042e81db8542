using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace FeedBox.Bench.Pipeline;

/// <summary>
/// One post of an author with 100,000 followers, until the last of them has it. The baseline writes the same rows into the same tables
/// of another file over a bare connection, a thousand to a transaction, asking nobody and remembering nothing.
/// </summary>
internal static class FanOut
{
    private const int Chunk = 1_000;
    private const long Author = 1; // followed by every user of the mock above the first 15

    public static async Task RunAsync(Report report)
    {
        var followers = report.Size(100_000);
        var last = followers + 15L;
        await using var feedBox = await StandaloneProcess.StartAsync($"--UserTeam:Users={last}");
        await PublishAsync(feedBox, last); // warm: code, statements and the table's pages
        await PublishAsync(feedBox, last);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));
        await Task.Delay(TimeSpan.FromSeconds(2));

        var idle = feedBox.ResidentMegabytes;
        var before = InsertRaw(feedBox, posts: 3, followers);
        using var done = new CancellationTokenSource();
        var peak = WatchMemoryAsync(feedBox, done.Token);
        var elapsed = await PublishAsync(feedBox, last);
        await done.CancelAsync();
        var after = InsertRaw(feedBox, posts: 3, followers);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));
        await feedBox.StopAsync();

        var (rate, baseline) = (followers / elapsed.TotalSeconds, (before + after) / 2);
        if (Database.Count(feedBox, "SELECT min(n) FROM (SELECT count(*) AS n FROM inbox GROUP BY post_id)") < followers)
            throw new InvalidOperationException("Some followers did not get a post.");
        report.Add("fan-out-rate", rate / baseline, "", Target.AtLeast(0.5),
            $"{followers:#,0} inboxes in {elapsed.TotalSeconds:0.00} s, {rate:#,0}/s; bare batched inserts of the same rows {baseline:#,0}/s");
        report.Add("fan-out-memory", Math.Max(0, await peak - idle), "MB", Target.AtMost(50), $"above the {idle:0} MB before");
    }

    /// <summary>From sending the post until the last follower sees it.</summary>
    private static async Task<TimeSpan> PublishAsync(StandaloneProcess feedBox, long lastFollower)
    {
        var started = Stopwatch.GetTimestamp();
        using var response = await feedBox.SendAsync(HttpMethod.Post, "/posts", Author, JsonNode.Parse(SamplePosts.Body(0)));
        response.EnsureSuccessStatusCode();
        var id = (string)(await response.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
        while (!(await feedBox.GetAsync("/inbox?limit=1", lastFollower)).ToJsonString().Contains(id, StringComparison.Ordinal))
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(60))
                throw new TimeoutException("The last follower did not get the post within a minute.");
            await Task.Delay(5);
        }
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<double> WatchMemoryAsync(StandaloneProcess feedBox, CancellationToken done)
    {
        var peak = 0.0;
        while (!done.IsCancellationRequested)
        {
            peak = Math.Max(peak, feedBox.ResidentMegabytes);
            await Task.Delay(10, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return peak;
    }

    /// <summary>Rows a second of the last of the posts, so that the table has as many before it as FeedBox's own.</summary>
    private static double InsertRaw(StandaloneProcess feedBox, int posts, int followers)
    {
        var path = Path.Combine(feedBox.DataFolder, $"raw-{Guid.NewGuid():N}.db");
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        Run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32000;");
        Run(connection, Schema(feedBox));
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO inbox (subscriber_id, post_id, author_id, added_at) VALUES ($subscriber, $post, $author, $now) ON CONFLICT DO NOTHING";
        var subscriber = insert.Parameters.Add("$subscriber", SqliteType.Integer);
        var post = insert.Parameters.Add("$post", SqliteType.Blob);
        insert.Parameters.AddWithValue("$author", Author);
        insert.Parameters.AddWithValue("$now", DateTimeOffset.UtcNow.UtcTicks);
        insert.Prepare();
        var started = 0L;
        for (var i = 0; i < posts; i++)
        {
            post.Value = Guid.CreateVersion7().ToByteArray(bigEndian: true);
            started = Stopwatch.GetTimestamp();
            for (var first = 0; first < followers; first += Chunk)
            {
                using var transaction = connection.BeginTransaction();
                insert.Transaction = transaction;
                for (var n = first; n < Math.Min(first + Chunk, followers); n++)
                {
                    subscriber.Value = n + 16L;
                    insert.ExecuteNonQuery();
                }
                transaction.Commit();
            }
        }
        var rate = followers / Stopwatch.GetElapsedTime(started).TotalSeconds;
        connection.Close();
        foreach (var file in Directory.GetFiles(feedBox.DataFolder, Path.GetFileName(path) + "*"))
            File.Delete(file);
        return rate;
    }

    private static string Schema(StandaloneProcess feedBox)
    {
        using var connection = new SqliteConnection($"Data Source={feedBox.Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE tbl_name = 'inbox' AND sql IS NOT NULL";
        return (string)command.ExecuteScalar()!;
    }

    private static void Run(SqliteConnection connection, string script)
    {
        using var command = connection.CreateCommand();
        command.CommandText = script;
        command.ExecuteNonQuery();
    }
}
