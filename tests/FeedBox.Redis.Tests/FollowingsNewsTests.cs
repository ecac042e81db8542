using System.Collections.Concurrent;
using FeedBox.Core.UserTeam;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Redis.Tests;

public sealed class FollowingsNewsTests(RedisServer server) : IClassFixture<RedisServer>
{
    private const long Missed = -1;

    [Fact]
    public async Task Every_process_hears_whose_followings_changed()
    {
        var first = Listen(server.Service<IFollowingsNews>());
        await using var other = RedisServer.Process(Environment.GetEnvironmentVariable("ConnectionStrings__redis")!, server.Prefix);
        var second = Listen(other.GetRequiredService<IFollowingsNews>());

        await Eventually.TrueAsync(() =>
        {
            other.GetRequiredService<IFollowingsNews>().Tell(42); // again: listening takes a moment to begin
            return first.Contains(42) && second.Contains(42);
        }, "both know");
    }

    [Fact]
    public async Task After_an_outage_every_process_knows_that_it_may_have_missed_some_and_hears_what_was_told_meanwhile()
    {
        Assert.SkipUnless(ServerProcess.Available, $"{ServerProcess.Variable} is not set");
        await using var redis = await ServerProcess.StartAsync("redis");
        await using var reading = RedisServer.Process($"127.0.0.1:{redis.Port}", "feedbox-test:");
        await using var writing = RedisServer.Process($"127.0.0.1:{redis.Port}", "feedbox-test:");
        var heard = Listen(reading.GetRequiredService<IFollowingsNews>());
        await Eventually.TrueAsync(() =>
        {
            writing.GetRequiredService<IFollowingsNews>().Tell(1);
            return heard.Contains(1);
        }, "it listens");

        await redis.KillAsync();
        writing.GetRequiredService<IFollowingsNews>().Tell(42);
        heard.Clear();
        await redis.StartAsync();

        await Eventually.TrueAsync(() => heard.Count(id => id == Missed) >= 2 && heard.Contains(42), "it knows");
    }

    [Fact]
    public async Task Nobody_is_kept_waiting_when_nobody_can_be_told()
    {
        await using var alone = RedisServer.Process("127.0.0.1:1,abortConnect=false,connectTimeout=100", "feedbox-test:");
        var news = alone.GetRequiredService<IFollowingsNews>();
        news.Listen(_ => { }, () => { });
        news.Tell(42);
    }

    private static ConcurrentQueue<long> Listen(IFollowingsNews news)
    {
        var heard = new ConcurrentQueue<long>();
        news.Listen(heard.Enqueue, () => heard.Enqueue(Missed));
        return heard;
    }
}
