using FeedBox.Core.Coupons;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.PortContracts.Coupons;
using FeedBox.PortContracts.Idempotency;
using FeedBox.PortContracts.Posts;
using FeedBox.PortContracts.UserTeam;

namespace FeedBox.Redis.Tests;

public sealed class RedisPostCacheTests(RedisServer server) : PostCacheContract, IClassFixture<RedisServer>
{
    protected override IPostCache Cache => server.Service<IPostCache>();

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_posts_and_tombstones_are_kept_for_seven_days()
    {
        var (put, removed) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Cache.PutAsync([new(put, 1, 1, 2, "제목", "내용", [], DateTimeOffset.UtcNow, DateTimeOffset.UtcNow)], default);
        await Cache.RemoveAsync(removed, 1, default);

        foreach (var id in new[] { put, removed })
            Assert.InRange((await server.Database.KeyTimeToLiveAsync($"{server.Prefix}post:{id}"))!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
    }
}

public sealed class RedisNameStoreTests(RedisServer server) : NameStoreContract, IClassFixture<RedisServer>
{
    protected override INameStore Names => server.Service<INameStore>();
}

public sealed class RedisIdempotencyStoreTests(RedisServer server) : IdempotencyStoreContract, IClassFixture<RedisServer>
{
    protected override IIdempotencyStore Store => server.Service<IIdempotencyStore>();
}

public sealed class RedisCouponGateTests(RedisServer server) : CouponGateContract, IClassFixture<RedisServer>
{
    protected override ICouponGate Gate => server.Service<ICouponGate>();
}
