using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FeedBox.Sqlite.Events;

/// <summary>Headers as a flat JSON array, name and value in turn, because a name may occur twice; null when there are none.</summary>
internal static class HeaderJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[]? Write(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        if (headers.Count == 0)
            return null;
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartArray();
            foreach (var (name, value) in headers)
            {
                json.WriteStringValue(name);
                json.WriteStringValue(value);
            }
            json.WriteEndArray();
        }
        return buffer.WrittenSpan.ToArray();
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Read(ReadOnlySpan<byte> stored)
    {
        if (stored.IsEmpty)
            return [];
        var headers = new List<KeyValuePair<string, string>>(5);
        var json = new Utf8JsonReader(stored);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.String)
        {
            var name = json.GetString()!;
            json.Read();
            headers.Add(new(name, json.GetString()!));
        }
        return headers;
    }
}
