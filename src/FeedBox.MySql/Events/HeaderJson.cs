using System.Text.Json;
using System.Text.Json.Serialization;

namespace FeedBox.MySql.Events;

/// <summary>Headers as a flat JSON array of names and values: order and repetitions stay.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class HeaderJson : JsonSerializerContext
{
    public static string Write(IReadOnlyList<KeyValuePair<string, string>> headers) =>
        JsonSerializer.Serialize([.. headers.SelectMany(header => new[] { header.Key, header.Value })], Default.StringArray);

    public static IReadOnlyList<KeyValuePair<string, string>> Read(string json) =>
        [.. JsonSerializer.Deserialize(json, Default.StringArray)!.Chunk(2).Select(pair => KeyValuePair.Create(pair[0], pair[1]))];
}
