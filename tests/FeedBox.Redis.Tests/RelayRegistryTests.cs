using FeedBox.Core.Events;
using FeedBox.Redis.Relaying;
using FeedBox.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FeedBox.Redis.Tests;

public sealed class RelayRegistryTests(RedisServer server) : IClassFixture<RedisServer>, IAsyncDisposable
{
    private static readonly TimeSpan Ping = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(2); // room for a busy machine

    private readonly string _prefix = $"{server.Prefix}{Guid.NewGuid():N}:";
    private readonly List<(RedisRelayRegistry Relay, CancellationTokenSource Stop, Task Running)> _relays = [];

    [Theory, Trait("Weakness", "P20")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public async Task P20_relays_own_contiguous_ranges_that_are_all_shards_and_disjoint(int relays)
    {
        for (var i = 0; i < relays; i++)
            Start();
        await DividedAsync();

        Assert.All(_relays.Select(relay => Owned(relay.Relay)), owned => Assert.Equal(Enumerable.Range(owned.FirstOrDefault(), owned.Count), owned));
    }

    [Fact, Trait("Weakness", "P19")]
    public async Task P19_the_shards_of_a_relay_that_fell_silent_go_to_the_others()
    {
        var relay = Start();
        await Eventually.TrueAsync(() => Owned(relay).Count == OutboxShards.Count, "it is alone");
        await server.Database.SortedSetAddAsync($"{_prefix}relays", "a relay that pings no more", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

        await Eventually.TrueAsync(() => Owned(relay).Count == OutboxShards.Count / 2, "they share");
        await Eventually.TrueAsync(() => Owned(relay).Count == OutboxShards.Count, "it is alone again");
    }

    [Fact, Trait("Weakness", "P19")]
    public async Task P19_a_relay_that_stops_leaves_its_shards_at_once()
    {
        Start();
        Start();
        await DividedAsync();
        var left = _relays[0];
        await left.Stop.CancelAsync();
        await left.Running;

        Assert.Equal(1, await server.Database.SortedSetLengthAsync($"{_prefix}relays"));
        await Eventually.TrueAsync(() => Owned(_relays[1].Relay).Count == OutboxShards.Count, "the other has all");
    }

    private Task DividedAsync() => Eventually.TrueAsync(
        () => _relays.SelectMany(relay => Owned(relay.Relay)).Order().SequenceEqual(Enumerable.Range(0, OutboxShards.Count))
            && _relays.Count(relay => Owned(relay.Relay).Count > 0) == Math.Min(_relays.Count, OutboxShards.Count),
        "the shards are divided");

    private static List<int> Owned(RedisRelayRegistry relay) => [.. Enumerable.Range(0, OutboxShards.Count).Where(relay.Owns)];

    private RedisRelayRegistry Start()
    {
        var options = Options.Create(new RedisOptions { KeyPrefix = _prefix, RelayPing = Ping, RelayDeadAfter = DeadAfter });
        var relay = new RedisRelayRegistry(new(server.Service<IConnectionMultiplexer>(), options), TimeProvider.System, NullLogger<RedisRelayRegistry>.Instance);
        var stop = new CancellationTokenSource();
        _relays.Add((relay, stop, relay.RunAsync(stop.Token)));
        return relay;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, stop, running) in _relays)
        {
            await stop.CancelAsync();
            await running;
            stop.Dispose();
        }
    }
}
