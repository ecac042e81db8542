using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FeedBox.Elasticsearch.Search;

/// <summary>
/// Settings, mapping, dictionary and synonyms of the index, from the JSON files in Resources. Whoever changes one of them
/// raises <see cref="CurrentVersion"/>: the next start copies every post into an index of the new version.
/// </summary>
public sealed record SearchIndexDefinition(int Version, string Json)
{
    public const int CurrentVersion = 1;

    public static SearchIndexDefinition Current { get; } = Build();

    internal static JsonNode Resource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        return JsonNode.Parse(stream)!;
    }

    private static SearchIndexDefinition Build()
    {
        var index = Resource("index.json");
        var analysis = index["settings"]!["analysis"]!;
        foreach (var tokenizer in new[] { "korean_index", "korean_search" })
            analysis["tokenizer"]![tokenizer]!["user_dictionary_rules"] = Resource("user-dictionary.json");
        analysis["filter"]!["synonyms"]!["synonyms"] = Resource("synonyms.json");
        return new(CurrentVersion, index.ToJsonString());
    }
}
