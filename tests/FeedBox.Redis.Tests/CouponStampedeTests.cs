using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Testing;
using StackExchange.Redis;

namespace FeedBox.Redis.Tests;

public sealed class CouponStampedeTests(RedisServer server) : IClassFixture<RedisServer>
{
    private readonly MemoryCouponStore _coupons = new();
    private readonly MemoryEventLog _log = new();
    private readonly CouponEvent _event = new(Guid.CreateVersion7(), "선착순 할인", 100, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1));

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_a_server_flushed_in_the_middle_of_a_stampede_still_gives_exactly_the_limit()
    {
        var gate = server.Service<ICouponGate>();
        await _coupons.AddEventAsync(_event, default);
        _log.OnAppend = (_, _) => Task.Delay(Random.Shared.Next(12));
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(stop.Token);
        var processes = Enumerable.Range(0, 3).Select(_ => new RequestCoupon(_coupons, gate, _log, TimeProvider.System)).ToArray();
        var accepted = new ConcurrentDictionary<long, int>();

        var running = StampedeAsync(processes, accepted, users: 1_500, requestsEach: 2);
        for (var loss = 0; loss < 10 && !running.IsCompleted; loss++)
        {
            await Task.Delay(30);
            server.Flush();
        }
        await running;
        await StampedeAsync(processes, accepted, users: 1_500, requestsEach: 1); // whoever was told to come back does
        await Eventually.TrueAsync(() => _coupons.Coupons.Count == 100, "every place has become a coupon");
        await Eventually.TrueAsync(() => _log.Lag(ConsumerGroups.CouponIssue, Topics.CouponRequest) == 0, "everything is written");
        await stop.CancelAsync();
        await writing;

        Assert.Equal(100, _coupons.Coupons.Count);
        Assert.Equal(Enumerable.Range(1, 100), _coupons.Coupons.Select(coupon => coupon.Sequence).Order());
        Assert.Equal(100, _coupons.Coupons.DistinctBy(coupon => coupon.UserId).Count());
        Assert.Subset(_coupons.Coupons.Select(coupon => coupon.UserId).ToHashSet(), accepted.Keys.ToHashSet());
        Assert.All(accepted.Values, times => Assert.Equal(1, times));
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_a_place_whose_process_died_is_carried_through_by_another()
    {
        var gate = server.Service<ICouponGate>();
        await _coupons.AddEventAsync(_event, default);
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(stop.Token);
        await gate.BeginLoadAsync(_event.Id, 1, default);
        await _coupons.StartGenerationAsync(_event.Id, 1, default);
        await gate.LoadAsync(_event.Id, 1, 100, [], default);

        await gate.ReserveAsync(_event.Id, 7, DateTimeOffset.UtcNow.AddSeconds(-10), default);
        await new RequestCoupon(_coupons, gate, _log, TimeProvider.System).FinishAsync(default);

        await Eventually.TrueAsync(() => _coupons.Coupons.Count == 1, "the place has become a coupon");
        Assert.Equal(GateAnswer.AlreadyRequested, (await gate.ReserveAsync(_event.Id, 7, DateTimeOffset.UtcNow, default)).Answer);
        await stop.CancelAsync();
        await writing;
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
        var gate = (ICouponGate)process.GetService(typeof(ICouponGate))!;

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

    private async Task StampedeAsync(RequestCoupon[] processes, ConcurrentDictionary<long, int> accepted, int users, int requestsEach)
    {
        var requests = Enumerable.Range(0, users * requestsEach).Select(i => 1L + i % users).ToArray();
        Random.Shared.Shuffle(requests);
        await Parallel.ForAsync(0, requests.Length, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, stopping) =>
        {
            try
            {
                if (await processes[i % processes.Length].ExecuteAsync(_event.Id, requests[i], stopping) == CouponAnswer.Accepted)
                    accepted.AddOrUpdate(requests[i], 1, (_, times) => times + 1);
            }
            catch (DependencyUnavailableException)
            {
            }
        });
    }

    /// <summary>Turns what is on the log into coupons, a few records at a time.</summary>
    private async Task WriteAsync(CancellationToken stopping)
    {
        await using var reader = _log.Subscribe(ConsumerGroups.CouponIssue, [Topics.CouponRequest], new Listener());
        while (!stopping.IsCancellationRequested)
        {
            var records = await reader.PollAsync(20, default);
            if (records.Count > 0)
            {
                await _coupons.IssueAsync(
                    [.. records.Select(record => EventCodec.ReadData(EventCodec.Decode(record), EventJson.Default.CouponRequested))], DateTimeOffset.UtcNow, default);
                await reader.CommitAsync(
                    records.GroupBy(record => new TopicPartition(record.Topic, record.Partition)).ToDictionary(group => group.Key, group => group.Max(record => record.Offset) + 1), default);
            }
            await Task.Delay(1, CancellationToken.None);
        }
    }

    private sealed class Listener : IPartitionListener
    {
        public void Assigned(IReadOnlyList<TopicPartition> partitions) { }
        public Task RevokedAsync(IReadOnlyList<TopicPartition> partitions) => Task.CompletedTask;
        public void Lost(IReadOnlyList<TopicPartition> partitions) { }
    }
}
