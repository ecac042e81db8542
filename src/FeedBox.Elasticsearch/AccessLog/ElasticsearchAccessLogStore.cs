using System.Buffers;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Events;
using Microsoft.Extensions.Options;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch.AccessLog;

/// <summary>Entries in an index for each day (UTC), which a template makes when its first entry comes, behind one alias.</summary>
public sealed class ElasticsearchAccessLogStore : IAccessLogStore, IAsyncDisposable
{
    private const string DayFormat = "yyyy-MM-dd";
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(50); // a request a write would cost the server more than the writes

    private readonly ElasticsearchServer _server;
    private readonly BulkWriter _writer;
    private readonly string _alias;
    private readonly Lock _gate = new();
    private Task? _template;

    public ElasticsearchAccessLogStore(ElasticsearchServer server, IOptions<ElasticsearchOptions> options, TimeProvider time)
    {
        (_server, _alias) = (server, options.Value.AccessLogIndex);
        _writer = new(server, options.Value, time, target: null, Linger);
    }

    public async Task AddAsync(AccessLogEntry entry, CancellationToken cancellationToken)
    {
        await EnsureTemplateAsync().WaitAsync(cancellationToken);
        var lines = new ArrayBufferWriter<byte>();
        BulkBody.Create(lines, Index(entry.At), entry.Id.ToString(), json => JsonSerializer.Serialize(json, entry, EventJson.Default.AccessLogEntry));
        await _writer.WriteAsync(lines.WrittenMemory, cancellationToken);
    }

    public async Task<IReadOnlyList<AccessLogEntry>> FindAsync(AccessLogQuery query, CancellationToken cancellationToken)
    {
        var request = new JsonObject
        {
            ["size"] = query.Limit,
            ["track_total_hits"] = false,
            ["query"] = new JsonObject { ["bool"] = new JsonObject { ["filter"] = Filters(query) } },
            ["sort"] = new JsonArray(new JsonObject { ["id"] = new JsonObject { ["order"] = "desc", ["unmapped_type"] = "keyword" } }),
        };
        var answer = await _server.SendAsync(
            HttpMethod.POST, $"/{_alias}/_search?ignore_unavailable=true&allow_no_indices=true", Encoding.UTF8.GetBytes(request.ToJsonString()), cancellationToken);
        return [.. answer.GetProperty("hits").GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("_source").Deserialize(EventJson.Default.AccessLogEntry)!)];
    }

    public async Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var indices = await _server.SendAsync(HttpMethod.GET, $"/{_alias}-*/_alias", cancellationToken);
        var kept = DateOnly.FromDateTime(before.UtcDateTime);
        var old = indices.EnumerateObject().Select(index => index.Name).Where(name => Day(name) < kept).ToList();
        if (old.Count > 0)
            await _server.SendAsync(HttpMethod.DELETE, $"/{string.Join(',', old)}?ignore_unavailable=true", cancellationToken);
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private string Index(DateTimeOffset time) => $"{_alias}-{time.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture)}";

    /// <summary>Null for an index that is none of ours.</summary>
    private DateOnly? Day(string index) =>
        DateOnly.TryParseExact(index.AsSpan(_alias.Length + 1), DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>Once a process, however many ask; again after it failed.</summary>
    private Task EnsureTemplateAsync()
    {
        lock (_gate)
            return _template is null or { IsFaulted: true } or { IsCanceled: true } ? _template = PutTemplateAsync() : _template;
    }

    private async Task PutTemplateAsync()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("access-log.json")!;
        var definition = (await JsonNode.ParseAsync(stream))!;
        definition["aliases"] = new JsonObject { [_alias] = new JsonObject() };
        var template = new JsonObject { ["index_patterns"] = new JsonArray($"{_alias}-*"), ["template"] = definition };
        await _server.SendAsync(HttpMethod.PUT, $"/_index_template/{_alias}", Encoding.UTF8.GetBytes(template.ToJsonString()), CancellationToken.None);
    }

    private static JsonArray Filters(AccessLogQuery query)
    {
        var filters = new JsonArray();
        Add("term", "ip", query.Ip);
        Add("term", "method", query.Method);
        Add("prefix", "path", query.Path);
        Add("range", "status", query is { MinStatus: null, MaxStatus: null } ? null : Range(("gte", query.MinStatus), ("lte", query.MaxStatus)));
        Add("range", "at", query is { From: null, To: null } ? null : Range(("gte", Time(query.From)), ("lt", Time(query.To))));
        Add("range", "id", query.Before is null ? null : Range(("lt", query.Before.ToString())));
        return filters;

        void Add(string kind, string field, JsonNode? value)
        {
            if (value is not null)
                filters.Add(new JsonObject { [kind] = new JsonObject { [field] = value } });
        }
    }

    private static JsonObject Range(params ReadOnlySpan<(string Bound, JsonNode? Value)> bounds)
    {
        var range = new JsonObject();
        foreach (var (bound, value) in bounds)
            if (value is not null)
                range[bound] = value;
        return range;
    }

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
}
