namespace FeedBox.Bench.Api;

/// <summary>Posts as fast as 64 connections bring them, each answered when it is on disk, while the pipeline works behind.</summary>
internal static class DurablePosts
{
    public static async Task RunAsync(Report report, EmptyEndpoint empty)
    {
        await using var feedBox = await StandaloneProcess.StartAsync();
        await PublishAsync(feedBox, report.Size(10_000));
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));

        var before = await empty.MeasureAsync(report.Size(100_000));
        var published = await PublishAsync(feedBox, report.Size(40_000));
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));
        var after = await empty.MeasureAsync(report.Size(100_000));
        await feedBox.StopAsync();

        var stored = Database.Count(feedBox, "SELECT count(*) FROM posts");
        var answered = published.Count(201) + report.Size(10_000);
        if (stored != answered || published.Count(201) != published.Answers.Count)
            throw new InvalidOperationException($"{stored} posts are stored; the answers were {published.Statuses}.");
        var baseline = (before + after) / 2;
        report.Add("posts.durable", published.PerSecond / baseline, "", Target.AtLeast(0.25),
            $"{published.PerSecond:#,0} posts/s, p99 {published.Latencies(_ => true).Milliseconds(0.99):0.0} ms; an endpoint that does nothing {baseline:#,0}/s");
    }

    private static Task<LoadResult> PublishAsync(StandaloneProcess feedBox, int posts) => HttpLoad.ClosedAsync(
        feedBox.Address, EmptyEndpoint.Connections, posts,
        (number, request) => HttpLoad.Write(request, "POST", "/posts", number % 15 + 1, SamplePosts.Body(number)));
}
