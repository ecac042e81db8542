using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FeedBox.Core.Events;

/// <summary>The wire form of events: the whole envelope as the value, and its fields again as headers for tools that do not parse it.</summary>
public static class EventCodec
{
    public const string TraceParentHeader = "traceparent";

    /// <summary>Korean stays readable, and half as long; events are never part of a page, where escaping would matter.</summary>
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static FeedEvent Create<T>(string type, string key, T data, JsonTypeInfo<T> typeInfo, DateTimeOffset now)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(body, Json))
            JsonSerializer.Serialize(json, data, typeInfo);
        return new(Guid.CreateVersion7(now), type, Schema: 1, key, now, body.WrittenMemory, Activity.Current?.Id);
    }

    public static LogMessage Encode(OutboundEvent outbound)
    {
        var (id, type, schema, key, occurredAt, data, traceParent) = outbound.Event;
        var value = new ArrayBufferWriter<byte>(data.Length + 512);
        using (var json = new Utf8JsonWriter(value, Json))
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
            json.WriteRawValue(data.Span, skipInputValidation: true);
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
            return Read(record);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new PermanentFailureException("The record is not an event envelope.", e);
        }
    }

    /// <summary>In one pass, without a document of the whole: this runs for every record of every group.</summary>
    private static FeedEvent Read(LogRecord record)
    {
        Guid? id = null;
        string? type = null, key = null, traceParent = null;
        int? schema = null;
        DateTimeOffset? occurredAt = null;
        ReadOnlyMemory<byte>? data = null;

        var json = new Utf8JsonReader(record.Value.Span);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
            throw new FormatException("no object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("id"u8))
            {
                json.Read();
                id = json.GetGuid();
            }
            else if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                type = json.GetString();
            }
            else if (json.ValueTextEquals("schema"u8))
            {
                json.Read();
                schema = json.GetInt32();
            }
            else if (json.ValueTextEquals("key"u8))
            {
                json.Read();
                key = record.Key is { } same && json.TokenType == JsonTokenType.String && json.ValueTextEquals(same) ? same : json.GetString();
            }
            else if (json.ValueTextEquals("occurredAt"u8))
            {
                json.Read();
                occurredAt = json.GetDateTimeOffset();
            }
            else if (json.ValueTextEquals("data"u8))
            {
                json.Read();
                var start = (int)json.TokenStartIndex;
                json.Skip();
                data = record.Value[start..(int)json.BytesConsumed];
            }
            else if (json.ValueTextEquals("traceparent"u8))
            {
                json.Read();
                traceParent = json.GetString();
            }
            else
            {
                json.Skip();
            }
        }
        json.Read(); // throws when more follows
        return new(
            id ?? throw Missing("id"), type ?? throw Missing("type"), schema ?? throw Missing("schema"), key ?? throw Missing("key"),
            occurredAt ?? throw Missing("occurredAt"), data ?? throw Missing("data"), traceParent);

        static FormatException Missing(string field) => new($"{field} is missing");
    }

    /// <summary>Reads the body of an event whose schema this reader knows.</summary>
    /// <exception cref="PermanentFailureException">Unknown schema (never guessed), or a body that does not fit.</exception>
    public static T ReadData<T>(FeedEvent e, JsonTypeInfo<T> typeInfo, int schema = 1)
    {
        if (e.Schema != schema)
            throw new PermanentFailureException($"{e.Type} has schema {e.Schema}; this reader knows {schema}.");
        try
        {
            return JsonSerializer.Deserialize(e.Data.Span, typeInfo) ?? throw new JsonException("data is null");
        }
        catch (JsonException cause)
        {
            throw new PermanentFailureException($"The data of {e.Type} does not fit its schema.", cause);
        }
    }
}
