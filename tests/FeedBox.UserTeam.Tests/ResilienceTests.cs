using System.Diagnostics;
using FeedBox.Core;
using FeedBox.UserTeamMock;

namespace FeedBox.UserTeam.Tests;

public sealed class ResilienceTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_failing_second_does_not_reach_the_reader()
    {
        await using var world = await UserTeamWorld.StartAsync(new() { Failures = 0.2, Delay = TimeSpan.FromSeconds(1), Seed = 7 });
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => world.Client.GetCategoryAsync(1, default)));
        var before = await world.CallsAsync("GET /users/{id}");
        var took = new double[500];
        var next = -1;
        var failed = 0;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < took.Length;)
            {
                var clock = Stopwatch.GetTimestamp();
                try
                {
                    Assert.NotNull(await world.Client.GetUserAsync(i % 15 + 1, default));
                }
                catch (Exception e) when (e is HttpRequestException or DependencyUnavailableException)
                {
                    Interlocked.Increment(ref failed);
                }
                took[i] = Stopwatch.GetElapsedTime(clock).TotalMilliseconds;
            }
        })));
        var calls = await world.CallsAsync("GET /users/{id}") - before;
        Array.Sort(took);
        output.WriteLine($"500 reads: failed={failed} p50={took[249]:F0} p95={took[474]:F0} p98={took[489]:F0} p99={took[494]:F0} max={took[499]:F0} ms, {calls / 500.0:F3} calls a read");
        Assert.Equal(0, failed);
    }
}
