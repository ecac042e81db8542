using System.Buffers;

namespace FeedBox.Bench.Api;

/// <summary>
/// Three times the requests that the process can answer, whether it answers or not: what it accepts stays fast, and the rest is told at once.
/// Capacity is what 64 connections get through as fast as they can. Reads are of a hundred posts each: three times as many of the short pages
/// is more than two cores can send, let alone answer.
/// </summary>
internal static class Overload
{
    private const double Times = 3;
    /// <summary>So many that there is always a free one, as among strangers.</summary>
    private const int Connections = 4_096;
    private const int Subscriber = 101;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(12);

    public static async Task RunAsync(Report report)
    {
        await using var feedBox = await StandaloneProcess.StartAsync("--UserTeam:Users=200");
        for (var author = 1; author <= 10; author++)
            await feedBox.FollowAsync(Subscriber, author);
        await ClosedAsync(report.Size(5_000), WritePost);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(60));

        var read = new ArrayBufferWriter<byte>();
        HttpLoad.Write(read, "GET", "/inbox?limit=100", Subscriber);
        await RunAsync("reads", report.Size(8_000), (_, request) => request.Write(read.WrittenSpan), 200);
        await RunAsync("posts", report.Size(10_000), WritePost, 201);

        async Task RunAsync(string name, int warmUp, RequestWriter write, int success)
        {
            await ClosedAsync(warmUp, write);
            var capacity = (await ClosedAsync(2 * warmUp, write)).PerSecond;
            await feedBox.DrainAsync(TimeSpan.FromSeconds(300));
            var load = await HttpLoad.OpenAsync(
                feedBox.Address, Connections, (int)(Times * capacity * Duration.TotalSeconds / (report.IsQuick ? 10 : 1)), Times * capacity, write);
            await feedBox.DrainAsync(TimeSpan.FromSeconds(300));

            var (accepted, refused) = (load.Latencies(answer => answer.Status == success), load.Latencies(answer => answer.IsRefusal));
            report.Add($"overload-{name}-offered", load.SentPerSecond / capacity, "× capacity", Target.AtLeast(0.95 * Times),
                $"{load.SentPerSecond:#,0} requests/s sent to a capacity of {capacity:#,0}/s: {accepted.Count / load.Elapsed.TotalSeconds:#,0}/s accepted, {refused.Count / load.Elapsed.TotalSeconds:#,0}/s refused");
            report.Add($"overload-{name}-accepted-p99", accepted.Milliseconds(0.99), "ms", Target.AtMost(250),
                $"from when a request was due; p50 {accepted.Milliseconds(0.5):0.0} ms");
            report.Add($"overload-{name}-refused-p99", refused.Milliseconds(0.99), "ms", Target.AtMost(250),
                $"from when a request was due; p50 {refused.Milliseconds(0.5):0.0} ms");
            report.Add($"overload-{name}-other-answers", load.Answers.Count - accepted.Count - refused.Count, "", Target.Exactly(0),
                $"of {load.Answers.Count:#,0}: neither {success} nor a 429 or 503 problem with Retry-After; {load.Statuses}");
        }

        Task<LoadResult> ClosedAsync(int requests, RequestWriter write) => HttpLoad.ClosedAsync(feedBox.Address, EmptyEndpoint.Connections, requests, write);
    }

    private static void WritePost(int number, ArrayBufferWriter<byte> request) =>
        HttpLoad.Write(request, "POST", "/posts", number % 10 + 1, SamplePosts.Body(number));
}
