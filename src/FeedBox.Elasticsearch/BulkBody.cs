using System.Buffers;
using System.Text.Json;

namespace FeedBox.Elasticsearch;

/// <summary>What goes into a bulk request and comes out of it.</summary>
internal static class BulkBody
{
    /// <summary>A write that the index ignores (409) when it has this version or a newer one.</summary>
    public static void Add(IBufferWriter<byte> body, string id, long version, Action<Utf8JsonWriter> writeSource) =>
        Write(body, "index", target =>
        {
            target.WriteString("_id", id);
            target.WriteNumber("version", version);
            target.WriteString("version_type", "external");
        }, writeSource);

    /// <summary>A document of an index, left as it is (409) when there is one of this id.</summary>
    public static void Create(IBufferWriter<byte> body, string index, string id, Action<Utf8JsonWriter> writeSource) =>
        Write(body, "create", target =>
        {
            target.WriteString("_index", index);
            target.WriteString("_id", id);
        }, writeSource);

    /// <summary>In the order of the writes.</summary>
    public static IEnumerable<(int Status, string? ErrorType, string? Reason)> Outcomes(JsonElement answer)
    {
        foreach (var item in answer.GetProperty("items").EnumerateArray())
        {
            var outcome = item.EnumerateObject().Single().Value; // by its action
            var error = outcome.TryGetProperty("error", out var found) ? found : default;
            yield return (outcome.GetProperty("status").GetInt32(), Text(error, "type"), Text(error, "reason"));
        }
    }

    private static string? Text(JsonElement error, string name) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static void Write(IBufferWriter<byte> body, string action, Action<Utf8JsonWriter> writeTarget, Action<Utf8JsonWriter> writeSource)
    {
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        writer.WriteStartObject(action);
        writeTarget(writer);
        writer.WriteEndObject();
        writer.WriteEndObject();
        EndLine(writer, body);
        writeSource(writer);
        EndLine(writer, body);
    }

    private static void EndLine(Utf8JsonWriter writer, IBufferWriter<byte> body)
    {
        writer.Flush();
        writer.Reset();
        body.Write("\n"u8);
    }
}
