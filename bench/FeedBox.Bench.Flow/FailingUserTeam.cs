using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace FeedBox.Bench.Flow;

/// <summary>
/// 50 posts a second while one in five calls to the user team waits a second and fails: how long until a follower sees the post in his
/// inbox, counted from the moment its request was sent.
/// </summary>
internal static class FailingUserTeam
{
    private const double PerSecond = 50;

    public static async Task RunAsync(Report report)
    {
        await using var feedBox = await StandaloneProcess.StartAsync(Network.Option);
        await Network.BuildAsync(feedBox);
        var warmUp = report.Size(1_000);
        await HttpLoad.ClosedAsync(feedBox.Address, 16, warmUp,
            (number, request) => HttpLoad.Write(request, "POST", "/posts", Network.Author(number), SamplePosts.Body(number)));
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));
        await feedBox.GetAsync("/inbox", Network.Everyone);
        await feedBox.ChangeUserTeamAsync(failures: 0.2, TimeSpan.FromSeconds(1));

        var posts = report.Size(2_000);
        var sentAt = new long[posts];
        var waiting = new ConcurrentDictionary<Guid, long>();
        using var published = new CancellationTokenSource();
        var watching = WatchAsync(feedBox, waiting, published.Token);
        var load = await HttpLoad.OpenAsync(feedBox.Address, connections: 64, posts, PerSecond,
            (number, request) =>
            {
                HttpLoad.Write(request, "POST", "/posts", Network.Author(number), SamplePosts.Body(number));
                sentAt[number] = Stopwatch.GetTimestamp();
            },
            (number, status, body) =>
            {
                if (status == 201)
                    waiting[FirstId(Encoding.UTF8.GetString(body), "\"id\":\"", 0, out _)!.Value] = sentAt[number];
            });
        await published.CancelAsync();
        var latencies = new Latencies(await watching);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));
        await feedBox.StopAsync();

        report.Add("flow-p99-failing", latencies.Milliseconds(0.99) / 1_000, "s", Target.AtMost(2),
            $"{posts / load.Elapsed.TotalSeconds:0} posts/s, 20% of the user team's calls fail after 1 s; p50 {latencies.Milliseconds(0.5):0} ms, slowest {latencies.Milliseconds(1):0} ms");
        var fault = Network.FindFault(feedBox, warmUp + load.Count(201));
        var refused = posts - load.Count(201);
        report.Add("flow-lost", fault is null ? refused : posts, "posts", Target.Exactly(0),
            fault ?? $"of {posts:#,0} under failures: every one in {Network.FollowersPerAuthor} inboxes and the index, no dead letters");
    }

    /// <summary>Reads the follower's inbox over and over; ends when all is published and seen.</summary>
    private static async Task<List<long>> WatchAsync(StandaloneProcess feedBox, ConcurrentDictionary<Guid, long> waiting, CancellationToken published)
    {
        var latencies = new List<long>();
        var lastSeen = Stopwatch.GetTimestamp();
        while (!published.IsCancellationRequested || (!waiting.IsEmpty && Stopwatch.GetElapsedTime(lastSeen) < TimeSpan.FromSeconds(30)))
        {
            await Task.Delay(10, CancellationToken.None);
            var cursor = "";
            while (!waiting.IsEmpty)
            {
                using var response = await feedBox.SendAsync(HttpMethod.Get, "/inbox?limit=100" + cursor, Network.Everyone);
                var page = await response.Content.ReadAsStringAsync(CancellationToken.None);
                var now = Stopwatch.GetTimestamp();
                for (int at = 0; FirstId(page, "\"post\":{\"id\":\"", at, out at) is { } id;)
                {
                    cursor = $"&cursor={id}";
                    if (waiting.TryRemove(id, out var sent))
                        latencies.Add((lastSeen = now) - sent);
                }
                // Ids are ordered by time: behind the oldest that is waited for, nothing new can be.
                if (cursor.Length == 0 || waiting.IsEmpty || waiting.Keys.Min().CompareTo(Guid.Parse(cursor["&cursor=".Length..])) > 0)
                    break;
            }
        }
        latencies.AddRange(waiting.Values.Select(sent => Stopwatch.GetTimestamp() - sent)); // never seen
        return latencies;
    }

    private static Guid? FirstId(string json, string before, int from, out int end)
    {
        var at = json.IndexOf(before, from, StringComparison.Ordinal);
        end = at < 0 ? json.Length : at + before.Length + 36;
        return at < 0 ? null : Guid.Parse(json.AsSpan(at + before.Length, 36));
    }
}
