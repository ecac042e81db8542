using FeedBox.Core.Events;

namespace FeedBox.Sqlite.Events;

/// <summary>The events of one write, encoded before the writer's turn and inserted in its transaction.</summary>
internal sealed class OutboxEntries
{
    private readonly (int Shard, LogMessage Message, byte[]? Headers, DateTimeOffset CreatedAt)[] _entries;

    private OutboxEntries(IReadOnlyList<OutboundEvent> events) =>
        _entries = [.. events.Select(outbound =>
        {
            var message = EventCodec.Encode(outbound);
            return (OutboxShards.Of(outbound.Event.Key), message, HeaderJson.Write(message.Headers), outbound.Event.OccurredAt);
        })];

    public static OutboxEntries Of(IReadOnlyList<OutboundEvent> events) => new(events);

    public void Insert(SqliteWriter writer)
    {
        foreach (var (shard, message, headers, createdAt) in _entries)
            writer.Prepare("INSERT INTO outbox (shard, topic, key, value, headers, created_at) VALUES (?, ?, ?, ?, ?, ?)")
                .Bind(shard).Bind(message.Topic).Bind(message.Key).Bind(message.Value).BindText(headers).Bind(createdAt)
                .Execute();
    }

    public void Signal(OutboxSignal signal)
    {
        foreach (var entry in _entries)
            signal.Set(entry.Shard);
    }
}
