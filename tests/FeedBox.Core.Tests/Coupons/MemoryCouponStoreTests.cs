using FeedBox.Core.Coupons;
using FeedBox.PortContracts.Coupons;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Coupons;

/// <summary>The double that other tests stand on keeps the port's promises too.</summary>
public sealed class MemoryCouponStoreTests : CouponStoreContract
{
    protected override ICouponStore Coupons { get; } = new MemoryCouponStore();
}
