using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.Core.Inspection;
using FeedBox.Core.Operations;
using FeedBox.Core.Posts;
using FeedBox.Core.Search;
using FeedBox.Core.UserTeam;
using FeedBox.Testing;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FeedBox.Http.Tests;

/// <summary>The API on a real Kestrel over ports in memory. The inspection is played by the test: nothing runs behind the API.</summary>
internal sealed class FeedBoxHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    public HttpClient Client { get; }
    public ManualTime Time { get; } = new();
    public MemoryPostStore Posts { get; } = new();
    public MemoryPostCache Cache { get; } = new();
    public MemoryInboxStore Inbox { get; } = new();
    public MemorySearchIndex Index { get; } = new();
    public MemoryUserTeam UserTeam { get; } = new();
    public MemoryCouponStore Coupons { get; } = new();
    public MemoryCouponGate Gate { get; } = new();
    public MemoryEventLog Log { get; } = new();
    public MemoryDeadLetterStore DeadLetters { get; } = new();
    public PlayedPipeline Pipeline { get; } = new();
    public IServiceProvider Services => _app.Services;

    private FeedBoxHost(string environment, IEnumerable<(string Key, string? Value)> settings, Action<IServiceCollection>? services, Action<WebApplication>? map)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["FeedBox:RateLimits:Enabled"] = "false";
        builder.Configuration["FeedBox:Shedding:Enabled"] = "false";
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddSingleton<IPostStore>(Posts);
        builder.Services.AddSingleton<IPostCache>(Cache);
        builder.Services.AddSingleton<IInboxStore>(Inbox);
        builder.Services.AddSingleton<ISearchIndex>(Index);
        builder.Services.AddSingleton<IUserTeam>(UserTeam);
        builder.Services.AddSingleton<INameDirectory>(UserTeam);
        builder.Services.AddSingleton<ICouponStore>(Coupons);
        builder.Services.AddSingleton<ICouponGate>(Gate);
        builder.Services.AddSingleton<IIdempotencyStore, MemoryIdempotencyStore>();
        builder.Services.AddSingleton<IEventLog>(Log);
        builder.Services.AddSingleton<IDeadLetterStore>(DeadLetters);
        builder.Services.AddSingleton<IPipelineStatus>(Pipeline);
        builder.AddFeedBoxHttp();
        services?.Invoke(builder.Services);
        _app = builder.Build();
        _app.MapFeedBox();
        map?.Invoke(_app);
        Client = new(new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8 });
    }

    /// <summary>Every endpoint there is, each route parameter written as {id}.</summary>
    public IReadOnlyList<(string Method, string Path, bool NeedsCaller)> Endpoints() =>
    [
        .. from endpoint in Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
           let path = Regex.Replace(endpoint.RoutePattern.RawText!, "\\{[^}]*\\}", "{id}").TrimEnd('/')
           select (method, path.StartsWith('/') ? path : "/" + path, endpoint.Metadata.GetMetadata<IAuthorizeData>() is not null),
    ];

    public static async Task<FeedBoxHost> StartAsync(
        string environment = "Development", (string, string?)[]? settings = null, Action<IServiceCollection>? services = null, Action<WebApplication>? map = null)
    {
        var host = new FeedBoxHost(environment, settings ?? [], services, map);
        await host._app.StartAsync();
        host.Client.BaseAddress = new(host._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return host;
    }

    public Task<Answer> GetAsync(string path, long? caller = null, params (string Name, string Value)[] headers) =>
        SendAsync("GET", path, caller, null, headers);

    public Task<Answer> SendAsync(string method, string path, long? caller, object? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(method, path, caller, body is null ? null : Json(body as string ?? JsonSerializer.Serialize(body)), headers);

    public async Task<Answer> SendAsync(string method, string path, long? caller, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new(method), path) { Content = content };
        if (caller is not null)
            request.Headers.Add("X-User-Id", caller.ToString());
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Client.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new((int)response.StatusCode, response.Headers, response.Content.Headers, bytes);
    }

    public static HttpContent Json(string json) => new ByteArrayContent(Encoding.UTF8.GetBytes(json)) { Headers = { ContentType = new("application/json") } };

    /// <summary>Publishes through the API; ids follow the clock, which moves on, so that posts have an order.</summary>
    public async Task<Guid> PublishAsync(long author, string title = "제목", string content = "내용", long category = 1)
    {
        var answer = await SendAsync("POST", "/posts", author, new { title, content, categoryId = category });
        Assert.Equal(201, answer.Status);
        Time.Advance(TimeSpan.FromMilliseconds(5));
        return answer.Body.GetProperty("id").GetGuid();
    }

    public async Task<Guid> PublishApprovedAsync(long author, string title = "제목", string content = "내용", long category = 1, params string[] tags)
    {
        var id = await PublishAsync(author, title, content, category);
        await ApproveAsync(id, tags);
        return id;
    }

    /// <summary>What the pipeline does with an approval: snapshot, inboxes, index.</summary>
    public async Task ApproveAsync(Guid id, params string[] tags)
    {
        var posts = Services.GetRequiredService<IPostStore>();
        var post = (await posts.FindAsync(id, default))!;
        var approved = post with { PublishedVersion = post.Version, Inspection = new(InspectionState.Approved, tags, null, Time.GetUtcNow()) };
        Assert.True(await posts.ReplaceAsync(post, approved, [], default));
        var followers = await UserTeam.GetFollowersAsync(post.AuthorId, null, 1000, default);
        await Services.GetRequiredService<IInboxStore>().AddAsync(id, post.Version, post.AuthorId, followers.Items, null, Time.GetUtcNow(), default);
        await Services.GetRequiredService<ISearchIndex>().PutAsync(
            new(id, post.Version, post.AuthorId, post.CategoryId, null, post.Title, post.Content, tags, post.CreatedAt), default);
        await Cache.PutAsync(await posts.FindPublishedAsync([id], default), default);
    }

    public async Task RejectAsync(Guid id, string reason)
    {
        var post = (await Posts.FindAsync(id, default))!;
        var rejected = post with { PublishedVersion = null, Inspection = new(InspectionState.Rejected, [], reason, Time.GetUtcNow()) };
        Assert.True(await Posts.ReplaceAsync(post, rejected, [], default));
        await Cache.RemoveAsync(id, post.Version, default);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(); // disposing of it would wait for nothing
        await _app.DisposeAsync();
    }

    /// <summary>What the test says it is.</summary>
    internal sealed class PlayedPipeline : IPipelineStatus
    {
        public PipelineStatus Status { get; set; } = new(0, 0, 0, [], 0, [], Drained: true);

        public Task<PipelineStatus> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(Status);
    }
}

internal sealed record Answer(int Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, byte[] Bytes)
{
    private JsonElement? _body;

    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonElement Body => _body ??= JsonDocument.Parse(Bytes).RootElement;

    public JsonElement[] Items => [.. Body.GetProperty("items").EnumerateArray()];

    public string? Next => Body.GetProperty("next").GetString();

    public string? Header(string name) =>
        Headers.TryGetValues(name, out var values) || ContentHeaders.TryGetValues(name, out values) ? string.Join(",", values) : null;

    /// <summary>Asserts a problem of this status and code, whole and well-formed.</summary>
    public Answer IsProblem(int status, string code)
    {
        Assert.Equal((status, code), (Status, Status >= 400 ? Body.GetProperty("code").GetString() : "none"));
        return IsProblem();
    }

    public Answer IsProblem()
    {
        Assert.Equal("application/problem+json", ContentHeaders.ContentType?.MediaType);
        Assert.Equal(Status, Body.GetProperty("status").GetInt32());
        foreach (var member in new[] { "type", "title", "detail", "code", "traceId" })
            Assert.False(string.IsNullOrEmpty(Body.GetProperty(member).GetString()), member);
        return this;
    }
}
