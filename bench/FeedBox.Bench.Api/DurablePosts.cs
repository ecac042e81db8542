namespace FeedBox.Bench.Api;

/// <summary>
/// Posts as fast as 64 connections bring them, each answered when it is on disk with its event: in the standalone process, where inspecting,
/// delivering and indexing each post take their share of the same cores, and in a process that has only the API.
/// </summary>
internal static class DurablePosts
{
    public static async Task RunAsync(Report report, EmptyEndpoint empty)
    {
        // Long enough for the compiler to have seen what is hot: it takes half a core for the first ten seconds.
        var (warmUp, posts) = (report.Size(40_000), report.Size(30_000));
        await using (var feedBox = await StandaloneProcess.StartAsync())
        {
            await PublishAsync(feedBox.Address, warmUp);
            await feedBox.DrainAsync(TimeSpan.FromSeconds(120));
            await MeasureAsync("posts-durable", feedBox.Address, "with everything behind it in the same process");
            await feedBox.DrainAsync(TimeSpan.FromSeconds(120));
            await feedBox.StopAsync();
            if (Database.Count(feedBox, "SELECT count(*) FROM posts") is var stored && stored != warmUp + posts)
                throw new InvalidOperationException($"{warmUp + posts} posts were answered, {stored} are stored.");
        }

        var folder = Directory.CreateTempSubdirectory("feedbox-bench-");
        await using (var api = await OwnServer.StartAsync(ApiAlone.Argument, Path.Combine(folder.FullName, "feedbox.db")))
        {
            await PublishAsync(api.Address, 4 * warmUp);
            await MeasureAsync("posts-durable-api-alone", api.Address, "with the relay and the consumers elsewhere");
        }
        folder.Delete(recursive: true);

        async Task MeasureAsync(string name, Uri address, string how)
        {
            var before = await empty.MeasureAsync(report.Size(100_000));
            var published = await PublishAsync(address, posts);
            var baseline = (before + await empty.MeasureAsync(report.Size(100_000))) / 2;
            report.Add(name, published.PerSecond / baseline, "", Target.AtLeast(0.25),
                $"{published.PerSecond:#,0} posts/s {how}, p99 {published.Latencies(_ => true).Milliseconds(0.99):0.0} ms; an endpoint that does nothing {baseline:#,0}/s");
        }
    }

    private static async Task<LoadResult> PublishAsync(Uri address, int posts)
    {
        var published = await HttpLoad.ClosedAsync(address, EmptyEndpoint.Connections, posts,
            (number, request) => HttpLoad.Write(request, "POST", "/posts", number % 15 + 1, SamplePosts.Body(number)));
        return published.Count(201) == posts ? published : throw new InvalidOperationException($"The answers were {published.Statuses}.");
    }
}
