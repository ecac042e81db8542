using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeedBox.Core.Search;
using FeedBox.Elasticsearch;
using FeedBox.Elasticsearch.Search;
using FeedBox.Pipeline.Consuming;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Bench.Servers;

/// <summary>
/// Posts put into the index one by one, as many at once as the consumer runs, against the same documents sent in a loop, 500 a request, over
/// one connection. Two indices of the same mapping, made anew for each turn.
/// </summary>
internal static class Indexing
{
    private const int BulkSize = 500;
    private static readonly int InFlight = new ConsumerOptions().MaxConcurrency;

    public static async Task RunAsync(Report report)
    {
        const string bar = "elasticsearch-index";
        if (!Server.IsThere(bar, "elasticsearch"))
            return;
        using var http = Client();
        var documents = Documents(report.Size(10_000));
        try
        {
            var (bare, feedBox) = await Turns.MedianRatesAsync(() => SendAsync(http, documents), () => PutAsync(http, documents));
            var version = JsonNode.Parse(await http.GetStringAsync("/"))!["version"]!["number"];
            report.Add(bar, feedBox / bare, "", Target.AtLeast(0.5),
                $"{feedBox:#,0} posts/s through the adapter, {InFlight} at once; a bare loop of bulk requests, {BulkSize} documents each, {bare:#,0}/s; "
                + $"medians of {Turns.Rounds}; Elasticsearch {version}");
        }
        finally
        {
            await DeleteAsync(http, "feedbox-bench-bare");
            await DeleteAsync(http, "feedbox-bench");
        }
    }

    private static async Task<double> PutAsync(HttpClient http, IReadOnlyList<SearchDocument> documents)
    {
        await using var process = await OpenAsync(http, "feedbox-bench");
        var index = process.GetRequiredService<ISearchIndex>();
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(documents, new ParallelOptions { MaxDegreeOfParallelism = InFlight },
            async (document, cancellationToken) => await index.PutAsync(document, cancellationToken));
        var elapsed = Stopwatch.GetElapsedTime(started);
        await CheckAsync(http, "feedbox-bench", documents.Count);
        return documents.Count / elapsed.TotalSeconds;
    }

    private static async Task<double> SendAsync(HttpClient http, IReadOnlyList<SearchDocument> documents)
    {
        const string alias = "feedbox-bench-bare";
        await using var process = await OpenAsync(http, alias);
        var started = Stopwatch.GetTimestamp();
        foreach (var chunk in documents.Chunk(BulkSize))
        {
            using var body = new MemoryStream();
            using var json = new Utf8JsonWriter(body);
            foreach (var document in chunk)
            {
                WriteLine(json, body, new { index = new { _id = document.PostId, version = document.Version * 2L, version_type = "external" } });
                WriteLine(json, body, new
                {
                    postId = document.PostId, deleted = false, authorId = document.AuthorId, categoryId = document.CategoryId,
                    categoryName = document.CategoryName, title = document.Title, content = document.Content, tags = document.Tags,
                    createdAt = document.CreatedAt.UtcDateTime,
                });
            }
            using var content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
            using var response = await http.PostAsync($"/{alias}/_bulk?filter_path=errors", content);
            if (await response.Content.ReadAsStringAsync() is not "{\"errors\":false}" and var answer)
                throw new InvalidOperationException(answer);
        }
        var elapsed = Stopwatch.GetElapsedTime(started);
        await CheckAsync(http, alias, documents.Count);
        return documents.Count / elapsed.TotalSeconds;

        static void WriteLine<T>(Utf8JsonWriter json, Stream body, T line)
        {
            JsonSerializer.Serialize(json, line);
            json.Reset();
            body.WriteByte((byte)'\n');
        }
    }

    private static async Task<ServiceProvider> OpenAsync(HttpClient http, string alias)
    {
        await DeleteAsync(http, alias);
        return await Server.StartAsync(
            (services, configuration) => services.AddFeedBoxElasticsearch(configuration),
            KeyValuePair.Create("FeedBox:Elasticsearch:Index", (string?)alias));
    }

    private static async Task CheckAsync(HttpClient http, string alias, int documents)
    {
        using var refreshed = await http.PostAsync($"/{alias}/_refresh", null);
        var count = (int)JsonNode.Parse(await http.GetStringAsync($"/{alias}/_count"))!["count"]!;
        if (count != documents)
            throw new InvalidOperationException($"{alias} holds {count} posts, not {documents}.");
    }

    private static async Task DeleteAsync(HttpClient http, string alias)
    {
        using var response = await http.DeleteAsync($"/{alias}-v{SearchIndexDefinition.CurrentVersion}");
    }

    private static HttpClient Client()
    {
        var address = new Uri(Server.Address("elasticsearch"));
        var http = new HttpClient { BaseAddress = address };
        if (address.UserInfo.Length > 0)
            http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo))));
        return http;
    }

    /// <summary>Texts of the demo's posts, each title with other contents.</summary>
    private static List<SearchDocument> Documents(int count)
    {
        var posts = SamplePosts.Texts;
        return
        [
            .. Enumerable.Range(0, count).Select(number =>
            {
                var (title, content) = (posts[number % posts.Count].Title, posts[number / posts.Count % posts.Count].Content);
                return new SearchDocument(
                    Guid.CreateVersion7(), 1, number % 100, number % 8, "건강", title, $"{content} {number}", ["건강", "운동"], DateTimeOffset.UtcNow);
            }),
        ];
    }
}
