using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FeedBox.Bench.Api;

/// <summary>Every one of 50,000 users asks twice for one of 100 coupons.</summary>
internal static class Stampede
{
    /// <summary>Requests, for FeedBox as for the baseline, until the just-in-time compiler has settled.</summary>
    public const int WarmUp = 60_000;

    private const int Coupons = 100;

    public static async Task RunAsync(Report report, EmptyEndpoint empty)
    {
        var users = report.Size(50_000);
        await using var feedBox = await StandaloneProcess.StartAsync();
        await RushAsync(feedBox, await OpenAsync(feedBox), report.Size(WarmUp) / 2);

        var before = await empty.MeasureAsync(2 * users);
        var couponEvent = await OpenAsync(feedBox);
        var rush = await RushAsync(feedBox, couponEvent, users);
        var after = await empty.MeasureAsync(2 * users);
        await feedBox.DrainAsync(TimeSpan.FromSeconds(30));
        await feedBox.StopAsync();

        var issued = Database.Count(feedBox, $"SELECT count(DISTINCT user_id) FROM coupons WHERE event_id = x'{couponEvent.ToString("N")}'");
        report.Add("coupons-exact", issued == rush.Count(202) ? issued : -1, "coupons", Target.Exactly(Coupons),
            $"{2 * users:#,0} requests by {users:#,0} users: {rush.Count(202)} × 202, {rush.Count(409):#,0} × 409; {issued} users have one");
        var baseline = (before + after) / 2;
        report.Add("coupons-throughput", rush.PerSecond / baseline, "", Target.AtLeast(0.5),
            $"{rush.PerSecond:#,0} requests/s, p99 {rush.Latencies(_ => true).Milliseconds(0.99):0.0} ms; an endpoint that does nothing {baseline:#,0}/s");
    }

    private static Task<LoadResult> RushAsync(StandaloneProcess feedBox, Guid couponEvent, int users)
    {
        var path = $"/coupon-events/{couponEvent}/requests";
        return HttpLoad.ClosedAsync(feedBox.Address, EmptyEndpoint.Connections, 2 * users,
            (number, request) => HttpLoad.Write(request, "POST", path, number % users + 1));
    }

    private static async Task<Guid> OpenAsync(StandaloneProcess feedBox)
    {
        var now = DateTimeOffset.UtcNow;
        using var response = await feedBox.SendAsync(HttpMethod.Post, "/coupon-events", user: 1, new
        {
            name = "Stampede", limit = Coupons, opensAt = now, closesAt = now.AddHours(1),
        });
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!["id"]!.GetValue<Guid>();
    }
}
