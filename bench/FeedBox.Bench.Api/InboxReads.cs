namespace FeedBox.Bench.Api;

/// <summary>
/// The first page of warm inboxes at 32 connections, with a healthy user team and with one whose every call fails after a second.
/// Names and followings go stale every 2 s instead of every 10 min and 30 s, so that both runs have the user team asked all the time.
/// </summary>
internal static class InboxReads
{
    private const int Connections = 32;
    private const int Rounds = 3;
    private const int FirstSubscriber = 101;
    private const int Subscribers = 64;
    private const int Authors = 10;

    public static async Task RunAsync(Report report)
    {
        await using var feedBox = await StandaloneProcess.StartAsync(
            "--UserTeam:Users=200", "--FeedBox:UserTeam:Names:FollowingsFresh=00:00:02", "--FeedBox:UserTeam:Names:NamesFresh=00:00:02");
        for (var subscriber = FirstSubscriber; subscriber < FirstSubscriber + Subscribers; subscriber++)
            for (var author = 1; author <= Authors; author++)
                await feedBox.FollowAsync(subscriber, author);
        await HttpLoad.ClosedAsync(feedBox.Address, Connections, requests: 400,
            (number, request) => HttpLoad.Write(request, "POST", "/posts", number % Authors + 1, SamplePosts.Body(number)));
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));
        await ReadAsync(feedBox, report.Size(20_000));

        var healthy = new List<LoadResult>();
        var failing = new List<LoadResult>();
        for (var round = 0; round < Rounds; round++)
        {
            await feedBox.ChangeUserTeamAsync(failures: 0, TimeSpan.Zero);
            await Task.Delay(TimeSpan.FromSeconds(6)); // until the breakers have closed again
            await ReadAsync(feedBox, report.Size(2_000));
            healthy.Add(await ReadAsync(feedBox, report.Size(15_000)));
            await feedBox.ChangeUserTeamAsync(failures: 1, TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromSeconds(3));
            failing.Add(await ReadAsync(feedBox, report.Size(15_000)));
        }

        var (good, bad) = (Merge(healthy), Merge(failing));
        report.Add("inbox-read-p99", good.Milliseconds(0.99), "ms", Target.AtMost(10),
            $"p50 {good.Milliseconds(0.5):0.0} ms, {healthy.Average(read => read.PerSecond):#,0} reads/s of 20 posts at {Connections} connections");
        report.Add("inbox-read-p99-failing", bad.Milliseconds(0.99) / good.Milliseconds(0.99), "", Target.AtMost(1.2),
            $"p99 {bad.Milliseconds(0.99):0.0} ms while every call to the user team fails after 1 s, {good.Milliseconds(0.99):0.0} ms while none does");
        var reads = healthy.Concat(failing).Sum(read => read.Answers.Count);
        report.Add("inbox-failed-reads", reads - healthy.Concat(failing).Sum(read => read.Count(200)), "", Target.Exactly(0), $"of {reads:#,0}");
    }

    private static Latencies Merge(List<LoadResult> results) => new(results.SelectMany(result => result.Answers).Select(answer => answer.Ticks));

    private static Task<LoadResult> ReadAsync(StandaloneProcess feedBox, int requests) => HttpLoad.ClosedAsync(
        feedBox.Address, Connections, requests,
        (number, request) => HttpLoad.Write(request, "GET", "/inbox", FirstSubscriber + number % Subscribers));
}
