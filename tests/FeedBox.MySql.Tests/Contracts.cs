using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Core.Posts;
using FeedBox.PortContracts.Coupons;
using FeedBox.PortContracts.Events;
using FeedBox.PortContracts.Posts;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.MySql.Tests;

public sealed class MySqlPostStoreTests(MySqlDatabaseFixture database) : PostStoreContract, IClassFixture<MySqlDatabaseFixture>
{
    protected override IPostStore Posts => database.Services.GetRequiredService<IPostStore>();
    protected override IOutbox Outbox => database.Services.GetRequiredService<IOutbox>();
}

public sealed class MySqlOutboxTests(MySqlDatabaseFixture database) : OutboxContract, IClassFixture<MySqlDatabaseFixture>, IAsyncLifetime
{
    protected override IPostStore Posts => database.Services.GetRequiredService<IPostStore>();
    protected override IOutbox Outbox => database.Services.GetRequiredService<IOutbox>();
    protected override OutboxSignal Signal => database.Services.GetRequiredService<OutboxSignal>();

    /// <summary>Each test starts with an empty outbox; sequences go on.</summary>
    public async ValueTask InitializeAsync()
    {
        if (database.Server is { } server)
            await server.ExecuteAsync("DELETE FROM outbox");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class MySqlCouponStoreTests(MySqlDatabaseFixture database) : CouponStoreContract, IClassFixture<MySqlDatabaseFixture>
{
    protected override ICouponStore Coupons => database.Services.GetRequiredService<ICouponStore>();

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_not_even_a_hand_made_update_counts_more_coupons_than_the_limit()
    {
        var added = await Coupons.AddEventAsync(new(Guid.CreateVersion7(), "선착순", 5, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(1)), default);
        var id = Convert.ToHexString(added.Id.ToByteArray(bigEndian: true));

        await database.Server!.ExecuteAsync($"UPDATE coupon_events SET issued = 5 WHERE id = 0x{id}");
        await Assert.ThrowsAsync<MySqlConnector.MySqlException>(() => database.Server.ExecuteAsync($"UPDATE coupon_events SET issued = 6 WHERE id = 0x{id}"));
    }
}
