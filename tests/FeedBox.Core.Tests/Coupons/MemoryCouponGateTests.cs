using FeedBox.Core.Coupons;
using FeedBox.PortContracts.Coupons;

namespace FeedBox.Core.Tests.Coupons;

public sealed class MemoryCouponGateTests : CouponGateContract
{
    protected override ICouponGate Gate { get; } = new MemoryCouponGate();
}
