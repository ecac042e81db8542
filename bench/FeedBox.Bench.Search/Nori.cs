using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using FeedBox.Core.Search;

namespace FeedBox.Bench.Search;

/// <summary>The anchor: Elasticsearch with nori as the full edition sets it up, compounds kept and split in the index, split in queries.</summary>
internal sealed class Nori(Uri server) : IDisposable
{
    private const string Index = "feedbox-bench-search";
    private readonly HttpClient _http = new() { BaseAddress = server };

    public async Task CreateAsync(IEnumerable<SearchDocument> posts)
    {
        await _http.DeleteAsync(Index);
        await SendAsync(HttpMethod.Put, Index, """
            {
              "settings": {
                "number_of_shards": 1, "number_of_replicas": 0,
                "analysis": {
                  "tokenizer": {
                    "mixed": { "type": "nori_tokenizer", "decompound_mode": "mixed" },
                    "discard": { "type": "nori_tokenizer", "decompound_mode": "discard" }
                  },
                  "analyzer": {
                    "korean": { "type": "custom", "tokenizer": "mixed", "filter": ["nori_part_of_speech", "nori_readingform", "lowercase"] },
                    "korean_query": { "type": "custom", "tokenizer": "discard", "filter": ["nori_part_of_speech", "nori_readingform", "lowercase"] }
                  }
                }
              },
              "mappings": {
                "properties": {
                  "title": { "type": "text", "analyzer": "korean", "search_analyzer": "korean_query" },
                  "tags": { "type": "text", "analyzer": "korean", "search_analyzer": "korean_query" },
                  "content": { "type": "text", "analyzer": "korean", "search_analyzer": "korean_query" }
                }
              }
            }
            """);
        foreach (var batch in posts.Chunk(500))
        {
            var bulk = new StringBuilder();
            foreach (var post in batch)
            {
                bulk.Append(new JsonObject { ["index"] = new JsonObject { ["_id"] = post.PostId.ToString() } }.ToJsonString()).Append('\n');
                bulk.Append(new JsonObject
                {
                    ["title"] = post.Title,
                    ["content"] = post.Content,
                    ["tags"] = new JsonArray([.. post.Tags.Select(tag => (JsonNode)tag)]),
                }.ToJsonString()).Append('\n');
            }
            await SendAsync(HttpMethod.Post, $"{Index}/_bulk", bulk.ToString(), "application/x-ndjson");
        }
        await SendAsync(HttpMethod.Post, $"{Index}/_refresh", "");
    }

    public async Task<List<Guid>> SearchAsync(string text, int limit)
    {
        var answer = await SendAsync(HttpMethod.Post, $"{Index}/_search", new JsonObject
        {
            ["size"] = limit,
            ["_source"] = false,
            ["query"] = new JsonObject
            {
                ["multi_match"] = new JsonObject { ["query"] = text, ["type"] = "cross_fields", ["fields"] = new JsonArray("title^3", "tags^2", "content") },
            },
        }.ToJsonString());
        return [.. answer["hits"]!["hits"]!.AsArray().Select(hit => Guid.Parse(hit!["_id"]!.GetValue<string>()))];
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string body, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body.Length > 0)
            request.Content = new StringContent(body, Encoding.UTF8, type);
        using var response = await _http.SendAsync(request);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"Elasticsearch answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return (await response.Content.ReadFromJsonAsync<JsonNode>())!;
    }
}
