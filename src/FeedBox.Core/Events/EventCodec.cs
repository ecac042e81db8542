using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FeedBox.Core.Events;

/// <summary>The wire form of events: the whole envelope as the value, and its fields again as headers for tools that do not parse it.</summary>
public static class EventCodec
{
    public const string TraceParentHeader = "traceparent";

    public static FeedEvent Create<T>(string type, string key, T data, JsonTypeInfo<T> typeInfo, DateTimeOffset now) =>
        new(Guid.CreateVersion7(now), type, Schema: 1, key, now, JsonSerializer.SerializeToElement(data, typeInfo), Activity.Current?.Id);

    public static LogMessage Encode(OutboundEvent outbound)
    {
        var (id, type, schema, key, occurredAt, data, traceParent) = outbound.Event;
        var value = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(value))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, id);
            json.WriteString("type"u8, type);
            json.WriteNumber("schema"u8, schema);
            json.WriteString("key"u8, key);
            json.WriteString("occurredAt"u8, occurredAt);
            if (traceParent is not null)
                json.WriteString("traceparent"u8, traceParent);
            json.WritePropertyName("data"u8);
            data.WriteTo(json);
            json.WriteEndObject();
        }

        List<KeyValuePair<string, string>> headers =
        [
            new("id", id.ToString()),
            new("type", type),
            new("schema", schema.ToString(CultureInfo.InvariantCulture)),
            new("occurredAt", occurredAt.ToString("O", CultureInfo.InvariantCulture)),
        ];
        if (traceParent is not null)
            headers.Add(new(TraceParentHeader, traceParent));
        return new(outbound.Topic, key, value.WrittenMemory, headers);
    }

    /// <exception cref="PermanentFailureException">The value is not an envelope.</exception>
    public static FeedEvent Decode(LogRecord record)
    {
        try
        {
            using var document = JsonDocument.Parse(record.Value);
            var root = document.RootElement;
            return new(
                root.GetProperty("id"u8).GetGuid(),
                root.GetProperty("type"u8).GetString() ?? throw new FormatException("type is null"),
                root.GetProperty("schema"u8).GetInt32(),
                root.GetProperty("key"u8).GetString() ?? throw new FormatException("key is null"),
                root.GetProperty("occurredAt"u8).GetDateTimeOffset(),
                root.GetProperty("data"u8).Clone(),
                root.TryGetProperty("traceparent"u8, out var trace) ? trace.GetString() : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new PermanentFailureException("The record is not an event envelope.", e);
        }
    }

    /// <summary>Reads the body of an event whose schema this reader knows.</summary>
    /// <exception cref="PermanentFailureException">Unknown schema (never guessed), or a body that does not fit.</exception>
    public static T ReadData<T>(FeedEvent e, JsonTypeInfo<T> typeInfo, int schema = 1)
    {
        if (e.Schema != schema)
            throw new PermanentFailureException($"{e.Type} has schema {e.Schema}; this reader knows {schema}.");
        try
        {
            return e.Data.Deserialize(typeInfo) ?? throw new JsonException("data is null");
        }
        catch (JsonException cause)
        {
            throw new PermanentFailureException($"The data of {e.Type} does not fit its schema.", cause);
        }
    }
}
