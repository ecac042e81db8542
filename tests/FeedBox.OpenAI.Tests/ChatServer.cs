using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FeedBox.Core.Inspection;
using FeedBox.Core.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FeedBox.OpenAI.Tests;

/// <summary>An OpenAI-compatible server in this process, which answers as the test says, and an inspector that talks to it.</summary>
public sealed class ChatServer : IAsyncDisposable
{
    public const string Key = "sk-test-do-not-log-0123456789";
    private readonly WebApplication _app;
    private ServiceProvider? _services;

    private ChatServer(WebApplication app) => _app = app;

    /// <summary>One answer to each call.</summary>
    public Func<HttpContext, JsonNode, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    public ConcurrentQueue<JsonNode> Requests { get; } = new();
    public ConcurrentQueue<string> Logs { get; } = new();
    public string? Authorization { get; private set; }

    public static async Task<ChatServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        var server = new ChatServer(app);
        app.MapPost("/v1/chat/completions", async (HttpContext context) =>
        {
            var request = (await JsonNode.ParseAsync(context.Request.Body))!;
            server.Authorization = context.Request.Headers.Authorization;
            server.Requests.Enqueue(request);
            await server.Answer(context, request);
        });
        await app.StartAsync();
        return server;
    }

    public OpenAIPostInspector Inspector(TimeProvider? time = null, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["FeedBox:OpenAI:Endpoint"] = $"{_app.Urls.Single()}/v1",
            ["FeedBox:OpenAI:ApiKey"] = Key,
        }).AddInMemoryCollection(settings.ToDictionary(setting => $"FeedBox:OpenAI:{setting.Key}", setting => (string?)setting.Value)).Build();
        var services = new ServiceCollection().AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(new Recorder(Logs)));
        if (time is not null)
            services.AddSingleton(time);
        _services = services.AddOpenAIInspector(configuration).BuildServiceProvider();
        Assert.Same(_services.GetRequiredService<IPostInspector>(), _services.GetRequiredService<IBreakerStates>());
        return _services.GetRequiredService<OpenAIPostInspector>();
    }

    /// <summary>What a model that does as it is told would say, in terms of the nonce it was given.</summary>
    public void Says(Func<string, string> content, string finish = "stop", string? refusal = null) =>
        Answer = (context, request) => SayAsync(context, content(Nonce(request)), finish, refusal);

    public void Fails(int status, string? retryAfter = null) => Answer = async (context, _) =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
            context.Response.Headers.RetryAfter = retryAfter;
        await context.Response.WriteAsJsonAsync(new { error = new { message = $"no, {Key}", type = "error", code = "no" } });
    };

    public static string Nonce(JsonNode request) => Regex.Match(System(request), "nonce: always \"([0-9a-f]{16})\"").Groups[1].Value;

    public static string System(JsonNode request) => Messages(request)[0].Content;

    public static IReadOnlyList<(string Role, string Content)> Messages(JsonNode request) =>
        [.. request["messages"]!.AsArray().Select(message => ((string)message!["role"]!, Text(message["content"]!)))];

    public static Task SayAsync(HttpContext context, string content, string finish = "stop", string? refusal = null) => context.Response.WriteAsJsonAsync(new
    {
        id = "chatcmpl-1", @object = "chat.completion", created = 1_700_000_000, model = "gpt-4o-mini",
        choices = new[] { new { index = 0, finish_reason = finish, message = new { role = "assistant", content = refusal is null ? content : null, refusal } } },
        usage = new { prompt_tokens = 1, completion_tokens = 1, total_tokens = 2 },
    });

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        await _app.DisposeAsync();
    }

    private static string Text(JsonNode content) =>
        content.GetValueKind() == JsonValueKind.String ? (string)content! : string.Concat(content.AsArray().Select(part => (string)part!["text"]!));

    private sealed class Recorder(ConcurrentQueue<string> logs) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logs.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
