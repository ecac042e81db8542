using FeedBox.MySql.Coupons;
using FeedBox.MySql.Events;
using FeedBox.MySql.Posts;
using Microsoft.EntityFrameworkCore;

namespace FeedBox.MySql;

/// <summary>
/// The tables, each defined beside the store that uses it. Ids of ours are 16 bytes big-endian, so that they sort by their time;
/// times are UTC with microseconds; text is compared and kept byte for byte.
/// </summary>
public sealed class FeedBoxDbContext(DbContextOptions<FeedBoxDbContext> options) : DbContext(options)
{
    internal DbSet<PostRow> Posts => Set<PostRow>();
    internal DbSet<PublishedPostRow> PublishedPosts => Set<PublishedPostRow>();
    internal DbSet<OutboxEntry> Outbox => Set<OutboxEntry>();
    internal DbSet<CouponEventRow> CouponEvents => Set<CouponEventRow>();
    internal DbSet<CouponRow> Coupons => Set<CouponRow>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasCharSet("utf8mb4", DelegationModes.ApplyToAll).UseCollation("utf8mb4_0900_bin", DelegationModes.ApplyToAll);
        model.ApplyConfigurationsFromAssembly(typeof(FeedBoxDbContext).Assembly);
        foreach (var property in model.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties()))
            property.SetColumnName(SnakeCase(property.Name));
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}
