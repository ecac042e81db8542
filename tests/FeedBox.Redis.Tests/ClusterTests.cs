using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.PortContracts.Coupons;
using FeedBox.PortContracts.Idempotency;
using FeedBox.PortContracts.Posts;
using FeedBox.PortContracts.UserTeam;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FeedBox.Redis.Tests;

/// <summary>A Redis Cluster of one node: it refuses every command and script whose keys are of different hash slots.</summary>
public sealed class RedisCluster : IAsyncLifetime
{
    private ServerProcess? _node;
    private ServiceProvider? _services;

    public async ValueTask InitializeAsync()
    {
        if (!ServerProcess.Available)
            return;
        _node = await ServerProcess.StartAsync("redis", port =>
            ["--cluster-enabled", "yes", "--cluster-port", $"{port + 1}", "--cluster-announce-ip", "127.0.0.1"]);
        var address = $"127.0.0.1:{_node.Port}";
        await using (var connection = await ConnectionMultiplexer.ConnectAsync($"{address},allowAdmin=true"))
            await connection.GetServer(address).ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", 0, 16383);
        _services = RedisServer.Process(address, "feedbox:");
        await Eventually.TrueAsync(
            () => ((string?)Service<IConnectionMultiplexer>().GetServer(address).Execute("CLUSTER", "INFO"))!.Contains("cluster_state:ok"),
            "the cluster takes commands", TimeSpan.FromSeconds(20));
    }

    public T Service<T>() where T : notnull
    {
        Assert.SkipWhen(_services is null, $"{ServerProcess.Variable} is not set");
        return _services.GetRequiredService<T>();
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
    }
}

public sealed class ClusterPostCacheTests(RedisCluster cluster) : PostCacheContract, IClassFixture<RedisCluster>
{
    protected override IPostCache Cache => cluster.Service<IPostCache>();

    [Fact]
    public async Task Posts_of_many_hash_slots_are_read_together()
    {
        var posts = Enumerable.Range(0, 40)
            .Select(i => new PublishedPost(Guid.CreateVersion7(), 1, i, 2, $"제목 {i}", "내용", [], DateTimeOffset.UtcNow, DateTimeOffset.UtcNow)).ToList();
        await Cache.PutAsync(posts, default);

        var found = await Cache.GetAsync([Guid.CreateVersion7(), .. posts.Select(post => post.Id)], default);

        Assert.Equal(posts.Select(post => (post.Id, post.Title)).Order(), found.Select(entry => (entry.Key, entry.Value.Post!.Title)).Order());
    }
}

public sealed class ClusterNameStoreTests(RedisCluster cluster) : NameStoreContract, IClassFixture<RedisCluster>
{
    protected override INameStore Names => cluster.Service<INameStore>();
}

public sealed class ClusterIdempotencyStoreTests(RedisCluster cluster) : IdempotencyStoreContract, IClassFixture<RedisCluster>
{
    protected override IIdempotencyStore Store => cluster.Service<IIdempotencyStore>();
}

public sealed class ClusterCouponGateTests(RedisCluster cluster) : CouponGateContract, IClassFixture<RedisCluster>
{
    protected override ICouponGate Gate => cluster.Service<ICouponGate>();
}
