using System.Diagnostics;

namespace FeedBox.Bench.Flow;

/// <summary>Posts as fast as 64 connections bring them, until each is in the inbox of its author's ten followers and in the index.</summary>
internal static class Throughput
{
    private const int Connections = 64;

    public static async Task RunAsync(Report report)
    {
        await using var feedBox = await StandaloneProcess.StartAsync(Network.Option);
        await Network.BuildAsync(feedBox);
        var warmUp = report.Size(25_000);
        await PublishAsync(feedBox, warmUp);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));

        var posts = report.Size(30_000);
        var watch = Stopwatch.StartNew();
        var published = await PublishAsync(feedBox, posts);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(120));
        var rate = posts / watch.Elapsed.TotalSeconds;
        await feedBox.StopAsync();

        var fault = Network.FindFault(feedBox, warmUp + published.Count(201));
        report.Add("flow-rate", fault is null ? rate : 0, "posts/s", Target.AtLeast(1_500),
            fault ?? $"{posts:#,0} posts to {Network.FollowersPerAuthor} inboxes each and the index, published at {published.PerSecond:#,0}/s, drained after {watch.Elapsed.TotalSeconds:0.0} s");
    }

    private static Task<LoadResult> PublishAsync(StandaloneProcess feedBox, int posts) => HttpLoad.ClosedAsync(
        feedBox.Address, Connections, posts,
        (number, request) => HttpLoad.Write(request, "POST", "/posts", Network.Author(number), SamplePosts.Body(number)));
}
