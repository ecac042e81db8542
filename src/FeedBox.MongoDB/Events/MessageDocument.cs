using FeedBox.Core.Events;
using MongoDB.Bson.Serialization.Attributes;

namespace FeedBox.MongoDB.Events;

/// <summary>A message of the log, byte for byte, as part of another document.</summary>
internal sealed class MessageDocument
{
    [BsonElement("topic")]
    public string Topic { get; set; } = "";

    [BsonElement("key")]
    public string? Key { get; set; }

    [BsonElement("value")]
    public byte[] Value { get; set; } = [];

    [BsonElement("headers")]
    public string[][] Headers { get; set; } = [];

    public static MessageDocument Of(LogMessage message) => new()
    {
        Topic = message.Topic,
        Key = message.Key,
        Value = message.Value.ToArray(),
        Headers = [.. message.Headers.Select(header => new[] { header.Key, header.Value })],
    };

    public LogMessage ToMessage() => new(Topic, Key, Value, [.. Headers.Select(header => KeyValuePair.Create(header[0], header[1]))]);
}
