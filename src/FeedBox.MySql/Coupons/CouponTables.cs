using FeedBox.Core.Coupons;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace FeedBox.MySql.Coupons;

internal sealed class CouponEventRow
{
    public Guid Id { get; init; }
    public required string Name { get; init; }
    public int CouponLimit { get; init; }
    public int Issued { get; init; }
    public int Generation { get; init; }
    public DateTimeOffset OpensAt { get; init; }
    public DateTimeOffset ClosesAt { get; init; }

    public CouponEvent ToEvent() => new(Id, Name, CouponLimit, OpensAt, ClosesAt);
}

internal sealed class CouponRow
{
    public Guid Id { get; init; }
    public Guid EventId { get; init; }
    public CouponEventRow? Event { get; init; }
    public long UserId { get; init; }
    public int Sequence { get; init; }
    public DateTimeOffset IssuedAt { get; init; }
    public DateTimeOffset? UsedAt { get; init; }
}

internal sealed class CouponTables : IEntityTypeConfiguration<CouponEventRow>, IEntityTypeConfiguration<CouponRow>
{
    public void Configure(EntityTypeBuilder<CouponEventRow> table)
    {
        // Every coupon is counted in the transaction that adds it, so the table itself cannot hold one too many.
        table.ToTable("coupon_events", events => events.HasCheckConstraint("ck_coupon_events_issued", "issued <= coupon_limit"));
        table.Property(couponEvent => couponEvent.Name).HasMaxLength(CouponEvent.MaxNameLength);
    }

    public void Configure(EntityTypeBuilder<CouponRow> table)
    {
        table.ToTable("coupons");
        table.HasOne(coupon => coupon.Event).WithMany().HasForeignKey(coupon => coupon.EventId).OnDelete(DeleteBehavior.Restrict);
        table.HasIndex(coupon => new { coupon.EventId, coupon.UserId }).IsUnique();
        table.HasIndex(coupon => new { coupon.UserId, coupon.UsedAt, coupon.Id });
    }
}
