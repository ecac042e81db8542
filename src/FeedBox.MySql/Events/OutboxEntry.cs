using FeedBox.Core.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace FeedBox.MySql.Events;

internal sealed class OutboxEntry
{
    public long Sequence { get; init; }
    public byte Shard { get; init; }
    public required string Topic { get; init; }
    public required string Key { get; init; }
    public required byte[] Value { get; init; }
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    public OutboxRow ToRow() => new(Sequence, new(Topic, Key, Value, Headers), CreatedAt);
}

/// <summary>
/// Sequences are taken at the insert, not at the commit: each write therefore locks the row of its aggregate first,
/// so that of two writes to one key the later one also takes the later sequence.
/// </summary>
internal sealed class OutboxTable : IEntityTypeConfiguration<OutboxEntry>
{
    public void Configure(EntityTypeBuilder<OutboxEntry> table)
    {
        table.ToTable("outbox");
        table.HasKey(entry => entry.Sequence);
        table.HasIndex(entry => new { entry.Shard, entry.Sequence });
        table.Property(entry => entry.Topic).HasMaxLength(200);
        table.Property(entry => entry.Key).HasMaxLength(200);
        table.Property(entry => entry.Value).HasColumnType("mediumblob");
        table.Property(entry => entry.Headers).HasColumnType("text").HasConversion(
            headers => HeaderJson.Write(headers), json => HeaderJson.Read(json),
            new ValueComparer<IReadOnlyList<KeyValuePair<string, string>>>((one, other) => ReferenceEquals(one, other), headers => headers.GetHashCode())); // never changed
    }

    /// <summary>Adds the events of one write, in their order.</summary>
    public static Task InsertAsync(FeedBoxDbContext context, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken) =>
        events.Count == 0
            ? Task.CompletedTask
            : context.InsertAsync("outbox (shard, topic, `key`, value, headers, created_at)", [.. events.Select(outbound =>
            {
                var message = EventCodec.Encode(outbound);
                return new object[]
                {
                    OutboxShards.Of(outbound.Event.Key), message.Topic, outbound.Event.Key, message.Value.ToArray(),
                    HeaderJson.Write(message.Headers), outbound.Event.OccurredAt,
                };
            })], cancellationToken);

    /// <summary>After the commit.</summary>
    public static void Signal(OutboxSignal signal, IReadOnlyList<OutboundEvent> events)
    {
        foreach (var outbound in events)
            signal.Set(OutboxShards.Of(outbound.Event.Key));
    }
}
