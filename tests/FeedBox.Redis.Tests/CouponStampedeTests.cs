using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FeedBox.Redis.Tests;

public sealed class CouponStampedeTests(RedisServer server) : IClassFixture<RedisServer>
{
    private readonly CouponEvent _event = CouponWorld.NewEvent();

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_a_server_flushed_in_the_middle_of_a_stampede_still_gives_exactly_the_limit()
    {
        await using var world = new CouponWorld(server.Service<ICouponGate>(), _event);

        var running = world.StampedeAsync(users: 1_500, requestsEach: 2);
        for (var loss = 0; loss < 10 && !running.IsCompleted; loss++)
        {
            await Task.Delay(30);
            server.Flush();
        }
        await running;

        await world.AssertExactAsync();
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_a_server_killed_in_the_middle_of_a_stampede_still_gives_exactly_the_limit()
    {
        Assert.SkipUnless(ServerProcess.Available, $"{ServerProcess.Variable} is not set");
        await using var redis = await ServerProcess.StartAsync("redis");
        await using var process = RedisServer.Process($"127.0.0.1:{redis.Port}", "feedbox:");
        await using var world = new CouponWorld(process.GetRequiredService<ICouponGate>(), _event);

        var running = world.StampedeAsync(users: 1_500, requestsEach: 4);
        await Eventually.TrueAsync(() => world.Accepted > 10, "the stampede is under way");
        await redis.KillAsync();
        await redis.StartAsync();
        await running;

        await world.AssertExactAsync();
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_a_place_whose_process_died_is_carried_through_by_another()
    {
        var gate = server.Service<ICouponGate>();
        await using var world = new CouponWorld(gate, _event);
        await world.OpenAsync();

        await gate.ReserveAsync(_event.Id, 7, DateTimeOffset.UtcNow.AddSeconds(-10), default);
        await world.Process().FinishAsync(default);

        await Eventually.TrueAsync(() => world.Issued == 1, "the place has become a coupon");
        Assert.Equal(GateAnswer.AlreadyRequested, (await gate.ReserveAsync(_event.Id, 7, DateTimeOffset.UtcNow, default)).Answer);
    }

    [Theory, Trait("Weakness", "H33")]
    [InlineData("gate")]
    [InlineData("unconfirmed")]
    public async Task H33_a_gate_of_which_one_key_was_evicted_is_forgotten_wholly(string evicted)
    {
        var gate = await LoadedAsync();
        await gate.ReserveAsync(_event.Id, 1, DateTimeOffset.UtcNow, default);

        Assert.True(await server.Database.KeyDeleteAsync($"{server.Prefix}coupon:{{{_event.Id}}}:{evicted}"));

        Assert.Equal(new(GateAnswer.NotLoaded), await gate.ReserveAsync(_event.Id, 2, DateTimeOffset.UtcNow, default));
        Assert.Null(await gate.CountAsync(_event.Id, default));
        Assert.True(await gate.BeginLoadAsync(_event.Id, 2, default));
    }

    [Fact, Trait("Weakness", "H32")]
    public async Task H32_no_key_of_a_gate_expires_within_a_year()
    {
        var gate = await LoadedAsync();
        await gate.ReserveAsync(_event.Id, 1, DateTimeOffset.UtcNow, default);

        foreach (var key in new[] { "gate", "unconfirmed" })
            Assert.True(await server.Database.KeyTimeToLiveAsync($"{server.Prefix}coupon:{{{_event.Id}}}:{key}") > TimeSpan.FromDays(365));
    }

    [Fact]
    public async Task Scripts_that_the_server_forgot_are_loaded_again()
    {
        var gate = await LoadedAsync();
        await server.Database.ExecuteAsync("SCRIPT", "FLUSH");
        Assert.Equal(GateAnswer.Reserved, (await gate.ReserveAsync(_event.Id, 1, DateTimeOffset.UtcNow, default)).Answer);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_at_once_and_says_nothing_else()
    {
        _ = server.Database;
        await using var process = RedisServer.Process("127.0.0.1:1,connectTimeout=200", "feedbox-test:");
        var gate = process.GetRequiredService<ICouponGate>();

        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await gate.ReserveAsync(_event.Id, 1, DateTimeOffset.UtcNow, default));
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await gate.ListUnconfirmedAsync(DateTimeOffset.UtcNow, 10, default));
    }

    private async Task<ICouponGate> LoadedAsync()
    {
        var gate = server.Service<ICouponGate>();
        await gate.BeginLoadAsync(_event.Id, 1, default);
        await gate.LoadAsync(_event.Id, 1, 100, [], default);
        return gate;
    }
}
