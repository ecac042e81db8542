using System.Diagnostics;
using FeedBox.Core.Coupons;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Redis.Tests;

public sealed class CouponWritePaceTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly RedisServer _server = new();

    [Fact, Trait("Weakness", "H36")]
    public async Task H36_the_writes_of_all_processes_take_turns_an_interval_apart()
    {
        var first = _server.Service<ICouponWritePace>();
        await using var other = RedisServer.Process(Environment.GetEnvironmentVariable("ConnectionStrings__redis")!, _server.Prefix);
        ICouponWritePace[] processes = [first, other.GetRequiredService<ICouponWritePace>()];
        var started = Stopwatch.GetTimestamp();

        Assert.Equal(TimeSpan.Zero, await first.TakeTurnAsync(Interval, default));
        var waits = await Task.WhenAll(Enumerable.Range(0, 19).Select(i => processes[i % 2].TakeTurnAsync(Interval, default).AsTask()));

        var took = Stopwatch.GetElapsedTime(started);
        var expected = Enumerable.Range(1, 19).Select(turn => turn * Interval);
        Assert.All(waits.Order().Zip(expected), turn => Assert.InRange(turn.First, turn.Second - took, turn.Second));
    }

    [Fact, Trait("Weakness", "H36")]
    public async Task H36_without_the_server_a_process_keeps_its_own_pace()
    {
        await using var alone = RedisServer.Process("127.0.0.1:1", "feedbox-test:");
        var pace = alone.GetRequiredService<ICouponWritePace>();

        Assert.Equal(TimeSpan.Zero, await pace.TakeTurnAsync(TimeSpan.FromHours(1), default));
        Assert.InRange(await pace.TakeTurnAsync(TimeSpan.FromHours(1), default), TimeSpan.FromMinutes(55), TimeSpan.FromHours(1));
    }

    public void Dispose() => _server.Dispose();
}
