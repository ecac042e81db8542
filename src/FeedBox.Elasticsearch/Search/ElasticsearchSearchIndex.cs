using System.Buffers;
using System.Text;
using System.Text.Json;
using FeedBox.Core;
using FeedBox.Core.Search;
using Microsoft.Extensions.Options;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch.Search;

/// <summary>
/// Posts in one index behind an alias. A post is a document whose version orders all writes of it; a removed post stays as a stub that
/// no search shows, so that a late write of an older version finds a newer one.
/// </summary>
public sealed class ElasticsearchSearchIndex(ElasticsearchServer server, BulkWriter writer, IOptions<ElasticsearchOptions> options) : ISearchIndex
{
    private const int MaxSnippet = 220;
    private const char Begin = '\ufdd0';
    private const char End = '\ufdd1';

    private readonly string _alias = options.Value.Index;

    public Task PutAsync(SearchDocument document, CancellationToken cancellationToken) =>
        WriteAsync(document.PostId, document.Version * 2L, json =>
        {
            json.WriteBoolean("deleted", false);
            json.WriteNumber("authorId", document.AuthorId);
            json.WriteNumber("categoryId", document.CategoryId);
            json.WriteString("categoryName", document.CategoryName);
            json.WriteString("title", document.Title);
            json.WriteString("content", document.Content);
            json.WriteStartArray("tags");
            foreach (var tag in document.Tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
            json.WriteString("createdAt", document.CreatedAt.UtcDateTime);
        }, cancellationToken);

    public Task RemoveAsync(Guid postId, int version, CancellationToken cancellationToken) =>
        WriteAsync(postId, version * 2L + 1, json => json.WriteBoolean("deleted", true), cancellationToken);

    public async Task<Page<SearchHit>> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var byScore = !string.IsNullOrWhiteSpace(query.Text);
        var request = SearchRequest.Build(query, SearchCursor.Parse(query.Cursor, byScore));
        // Pages of one search ask the same copy of the index: the scores of two copies differ a little.
        var answer = await server.SendAsync(
            HttpMethod.POST, $"/{_alias}/_search?preference=q{StableHash(query.Text):x}", request, cancellationToken);

        var hits = answer.GetProperty("hits").GetProperty("hits").EnumerateArray().Select(hit => Read(hit, byScore)).ToList();
        return Paging.Cut(hits, query.Limit, hit => new SearchCursor(byScore ? (float)hit.Score : null, hit.PostId).ToString());
    }

    /// <param name="version">Twice the post's: between two versions there is room for the removal of the first.</param>
    private Task WriteAsync(Guid postId, long version, Action<Utf8JsonWriter> writeFields, CancellationToken cancellationToken)
    {
        var lines = new ArrayBufferWriter<byte>();
        var id = postId.ToString();
        BulkBody.Add(lines, id, version, json =>
        {
            json.WriteStartObject();
            json.WriteString("postId", id);
            writeFields(json);
            json.WriteEndObject();
        });
        return writer.WriteAsync(lines.WrittenMemory, cancellationToken);
    }

    private static SearchHit Read(JsonElement hit, bool byScore)
    {
        var highlight = hit.TryGetProperty("highlight", out var found) ? found : default;
        var title = Marked(highlight, "title") ?? new(hit.GetProperty("_source").GetProperty("title").GetString()!, []);
        var snippet = Marked(highlight, "content") ?? new("", []);
        return new(Guid.Parse(hit.GetProperty("_id").GetString()!), byScore ? hit.GetProperty("sort")[0].GetSingle() : 0, title, Cut(snippet));
    }

    /// <summary>The fragment without its marks, which become spans.</summary>
    private static HighlightedText? Marked(JsonElement highlight, string field)
    {
        if (highlight.ValueKind != JsonValueKind.Object || !highlight.TryGetProperty(field, out var fragments))
            return null;
        var text = new StringBuilder();
        var spans = new List<TextSpan>();
        var start = 0;
        foreach (var c in fragments[0].GetString()!)
        {
            if (c == Begin)
                start = text.Length;
            else if (c != End)
                text.Append(c);
            else if (text.Length > start)
                spans.Add(new(start, text.Length - start));
        }
        return new(text.ToString(), spans);
    }

    /// <summary>A fragment ends at a word's end, and a word can be long.</summary>
    private static HighlightedText Cut(HighlightedText snippet)
    {
        if (snippet.Text.Length <= MaxSnippet)
            return snippet;
        var end = char.IsHighSurrogate(snippet.Text[MaxSnippet - 1]) ? MaxSnippet - 1 : MaxSnippet;
        return new(snippet.Text[..end], [.. snippet.Spans.Where(span => span.Start + span.Length <= end)]);
    }

    private static uint StableHash(string text) => text.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u);
}
