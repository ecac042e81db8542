using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeedBox.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch.Search;

/// <summary>
/// Makes the alias lead to an index of the current version before anything else starts. An older index is copied while it is searched
/// and written; only for the last changes it takes no writes, and writers wait. Every step may be repeated, and by several processes at once.
/// </summary>
public sealed partial class SearchIndexSetup(
    ElasticsearchServer server, SearchIndexDefinition definition, IOptions<ElasticsearchOptions> options, TimeProvider time,
    ILogger<SearchIndexSetup> logger) : IHostedService
{
    private const int PageSize = 1_000;
    private const int MaxPasses = 10;
    private const int MaxRounds = 20;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RoundDelay = TimeSpan.FromMilliseconds(100);

    /// <summary>A search that began before the alias moved is over by then.</summary>
    private static readonly TimeSpan SearchesEnd = TimeSpan.FromSeconds(3);

    private readonly string _alias = options.Value.Index;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await EnsureAsync(cancellationToken);
                return;
            }
            catch (DependencyUnavailableException e) when (time.GetElapsedTime(started) < options.Value.StartTimeout)
            {
                LogNotYet(e);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Returns when the alias leads to an index of this version or a newer one.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        for (var round = 1; ; round++)
        {
            try
            {
                var present = await FindVersionAsync(cancellationToken);
                if (present >= definition.Version)
                {
                    await RemoveOlderAsync(present.Value, cancellationToken);
                    return;
                }
                if (present is { } older)
                    await ReindexAsync(Name(older), Name(definition.Version), cancellationToken);
                else
                    await CreateAsync(Name(definition.Version), withAlias: true, cancellationToken);
            }
            catch (ElasticsearchException e) when (e.Status is 400 or 404 && round < MaxRounds)
            {
                LogOvertaken(e); // by another process: look again
                await Task.Delay(RoundDelay, time, cancellationToken);
            }
        }
    }

    private string Name(int version) => $"{_alias}-v{version}";

    private static int Version(string index) => int.Parse(index[(index.LastIndexOf("-v", StringComparison.Ordinal) + 2)..]);

    private async Task<int?> FindVersionAsync(CancellationToken cancellationToken)
    {
        try
        {
            var indices = await server.SendAsync(HttpMethod.GET, $"/_alias/{_alias}", cancellationToken);
            return indices.EnumerateObject().Max(index => Version(index.Name));
        }
        catch (ElasticsearchException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private async Task CreateAsync(string index, bool withAlias, CancellationToken cancellationToken)
    {
        var body = JsonNode.Parse(definition.Json)!;
        if (withAlias)
            body["aliases"] = new JsonObject { [_alias] = new JsonObject() };
        await server.SendAsync(HttpMethod.PUT, $"/{index}", Bytes(body), cancellationToken);
    }

    private async Task ReindexAsync(string from, string to, CancellationToken cancellationToken)
    {
        LogReindex(from, to);
        try
        {
            await CreateAsync(to, withAlias: false, cancellationToken);
        }
        catch (ElasticsearchException e) when (e.Type == "resource_already_exists_exception")
        {
            LogOvertaken(e);
        }

        var settings = await server.SendAsync(HttpMethod.GET, $"/{from}/_settings/index.number_of_shards?flat_settings=true", cancellationToken);
        var shards = int.Parse(settings.GetProperty(from).GetProperty("settings").GetProperty("index.number_of_shards").GetString()!);
        var copiedUpTo = Enumerable.Repeat(-1L, shards).ToArray();
        for (var pass = 0; pass < MaxPasses && await CopyChangesAsync(from, to, copiedUpTo, cancellationToken) > PageSize; pass++)
        {
        }
        await server.SendAsync(HttpMethod.PUT, $"/{from}/_block/write", cancellationToken); // returns when no write is under way any more
        var last = await CopyChangesAsync(from, to, copiedUpTo, cancellationToken);
        await server.SendAsync(HttpMethod.POST, $"/{to}/_refresh", cancellationToken);

        var actions = new JsonObject
        {
            ["actions"] = new JsonArray(
                new JsonObject { ["add"] = new JsonObject { ["index"] = to, ["alias"] = _alias } },
                new JsonObject { ["remove"] = new JsonObject { ["index"] = from, ["alias"] = _alias } }),
        };
        await server.SendAsync(HttpMethod.POST, "/_aliases", Bytes(actions), cancellationToken);
        LogReindexed(from, to, last);
    }

    /// <summary>Indices that the alias has left, also those that a process that died did not remove.</summary>
    private async Task RemoveOlderAsync(int present, CancellationToken cancellationToken)
    {
        var indices = await server.SendAsync(HttpMethod.GET, $"/{_alias}-v*/_alias", cancellationToken);
        List<string> older =
        [
            .. indices.EnumerateObject()
                .Where(index => Version(index.Name) < present && !index.Value.GetProperty("aliases").EnumerateObject().Any())
                .Select(index => index.Name),
        ];
        if (older.Count == 0)
            return;
        await Task.Delay(SearchesEnd, time, cancellationToken);
        await server.SendAsync(HttpMethod.DELETE, $"/{string.Join(',', older)}?ignore_unavailable=true", cancellationToken);
    }

    /// <summary>Copies what was written since the pass before, removals included, each with its version. Returns how much that was.</summary>
    private async Task<int> CopyChangesAsync(string from, string to, long[] copiedUpTo, CancellationToken cancellationToken)
    {
        await server.SendAsync(HttpMethod.POST, $"/{from}/_refresh", cancellationToken);
        var copied = 0;
        for (var shard = 0; shard < copiedUpTo.Length; shard++)
        {
            while (true)
            {
                var query = Encoding.UTF8.GetBytes($$"""
                    {
                      "size": {{PageSize}}, "version": true, "track_total_hits": false,
                      "query": { "range": { "_seq_no": { "gt": {{copiedUpTo[shard]}} } } }, "sort": [{ "_seq_no": "asc" }]
                    }
                    """);
                var page = await server.SendAsync(HttpMethod.POST, $"/{from}/_search?preference=_shards:{shard}", query, cancellationToken);
                var hits = page.GetProperty("hits").GetProperty("hits");
                if (hits.GetArrayLength() == 0)
                    break;
                await WriteAsync(to, hits, cancellationToken);
                copiedUpTo[shard] = hits[hits.GetArrayLength() - 1].GetProperty("sort")[0].GetInt64();
                copied += hits.GetArrayLength();
            }
        }
        return copied;
    }

    private async Task WriteAsync(string index, JsonElement hits, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>();
        foreach (var hit in hits.EnumerateArray())
            BulkBody.Add(body, hit.GetProperty("_id").GetString()!, hit.GetProperty("_version").GetInt64(),
                writer => hit.GetProperty("_source").WriteTo(writer));
        var answer = await server.SendAsync(HttpMethod.POST, $"/{index}/_bulk?filter_path=errors,items.*.status,items.*.error", body.WrittenMemory, cancellationToken);
        foreach (var item in BulkBody.Outcomes(answer))
            if (item.Status is not (200 or 201 or 409))
                throw new ElasticsearchException(item.Status, item.ErrorType ?? "unknown", $"a post could not be copied to {index}");
    }

    private static byte[] Bytes(JsonNode body) => Encoding.UTF8.GetBytes(body.ToJsonString());

    [LoggerMessage(LogLevel.Warning, "The search index cannot be made ready yet")]
    private partial void LogNotYet(Exception e);

    [LoggerMessage(LogLevel.Debug, "Another process was faster")]
    private partial void LogOvertaken(Exception e);

    [LoggerMessage(LogLevel.Information, "Copying search index {From} to {To}")]
    private partial void LogReindex(string from, string to);

    [LoggerMessage(LogLevel.Information, "Search index {To} replaced {From}; {Last} posts were copied while writers waited")]
    private partial void LogReindexed(string from, string to, int last);
}
