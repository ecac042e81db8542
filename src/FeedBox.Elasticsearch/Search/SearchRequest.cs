using System.Text;
using System.Text.Json.Nodes;
using FeedBox.Core.Search;

namespace FeedBox.Elasticsearch.Search;

/// <summary>The query resources, filled in.</summary>
internal static class SearchRequest
{
    private static readonly JsonNode Search = SearchIndexDefinition.Resource("search.json");
    private static readonly JsonNode Recent = SearchIndexDefinition.Resource("recent.json");

    public static byte[] Build(SearchQuery query, SearchCursor? after)
    {
        var request = string.IsNullOrWhiteSpace(query.Text) ? Recent.DeepClone() : ForText(query.Text);
        request["size"] = query.Limit + 1;
        var filters = request["query"]!["bool"]!["filter"]!.AsArray();
        if (query.CategoryId is { } category)
            filters.Add(new JsonObject { ["term"] = new JsonObject { ["categoryId"] = category } });
        if (query.Tag is { } tag)
            filters.Add(new JsonObject { ["term"] = new JsonObject { ["tags.exact"] = tag } });
        if (after is { } place)
            request["search_after"] = place.Score is { } score ? new JsonArray(score, place.PostId.ToString()) : new JsonArray(place.PostId.ToString());
        return Encoding.UTF8.GetBytes(request.ToJsonString());
    }

    private static JsonNode ForText(string text)
    {
        var request = Search.DeepClone();
        var should = request["query"]!["bool"]!["should"]!.AsArray();
        var (any, phrase) = (should[0]!, should[1]!);
        should.Clear();

        // The analyzer takes "v8" apart; only as a phrase it differs from "v7".
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToLookup(IsMixed);
        if (words[false].Any())
            should.Add(With(any, string.Join(' ', words[false])));
        foreach (var word in words[true].Distinct())
            should.Add(With(phrase, word));
        request["highlight"]!["highlight_query"] = new JsonObject { ["bool"] = new JsonObject { ["should"] = should.DeepClone() } };
        return request;

        static JsonNode With(JsonNode template, string text)
        {
            var clause = template.DeepClone();
            clause["multi_match"]!["query"] = text;
            return clause;
        }
    }

    private static bool IsMixed(string word) => word.All(char.IsAsciiLetterOrDigit) && word.Any(char.IsAsciiDigit) && word.Any(char.IsAsciiLetter);
}
