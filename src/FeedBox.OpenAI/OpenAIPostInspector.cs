using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json;
using FeedBox.Core;
using FeedBox.Core.Inspection;
using FeedBox.Core.Resilience;
using Microsoft.Extensions.Logging;
using OpenAI;
using OpenAI.Chat;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace FeedBox.OpenAI;

/// <summary>
/// Inspects with a chat model: total budget, retry with jitter, breaker, time of one attempt. What the rules of <see cref="Moderation"/>
/// forbid is rejected before the model is asked. Exceptions carry no cause, because the SDK's may quote the key or the text.
/// </summary>
public sealed partial class OpenAIPostInspector : IPostInspector, IBreakerStates
{
    public const string ClientName = "openai";
    private const string Dependency = "openai";
    private const int MaxAnswerTokens = 400;
    private const int MaxReasoningTokens = 4_000;
    private static readonly TimeSpan OutagePause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MisconfiguredPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private readonly OpenAIOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<OpenAIPostInspector> _logger;
    private readonly ChatClient _chat;
    private readonly CircuitBreakerStateProvider _breaker = new();
    private readonly ResiliencePipeline _pipeline;
    private long _pausedUntil = long.MinValue;
    private long _lastAnswer = long.MinValue;

    public OpenAIPostInspector(IHttpClientFactory clients, OpenAIOptions options, TimeProvider time, ILogger<OpenAIPostInspector> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        var clientOptions = new OpenAIClientOptions
        {
            Transport = new HttpClientPipelineTransport(clients.CreateClient(ClientName)),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };
        if (options.Endpoint is not null)
            clientOptions.Endpoint = options.Endpoint;
        _chat = new(options.Model, new ApiKeyCredential(string.IsNullOrWhiteSpace(options.ApiKey) ? "none" : options.ApiKey), clientOptions);

        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(options.TotalBudget)
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = arguments => new(IsTransient(arguments.Outcome.Exception)),
                MaxRetryAttempts = options.Retries,
                Delay = TimeSpan.FromMilliseconds(500),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = arguments => new(IsTransient(arguments.Outcome.Exception)),
                FailureRatio = options.BreakerFailureRatio,
                SamplingDuration = options.BreakerWindow,
                MinimumThroughput = options.BreakerMinimumCalls,
                BreakDuration = options.BreakerOpen,
                StateProvider = _breaker,
            })
            .AddTimeout(options.AttemptTimeout)
            .Build();
    }

    public string Name => $"openai:{_options.Model}";

    public IReadOnlyList<BreakerState> Read() => [new(Dependency, "chat/completions", _breaker.CircuitState switch
    {
        CircuitState.Closed => "closed",
        CircuitState.HalfOpen => "half-open",
        _ => "open",
    })];

    public async Task<InspectionVerdict> InspectAsync(InspectionRequest request, CancellationToken cancellationToken)
    {
        if (Moderation.FindViolation(request.Title, request.Content) is { } violation)
            return new(false, [], violation);

        var began = _time.GetTimestamp();
        var paused = new DateTimeOffset(Math.Max(Interlocked.Read(ref _pausedUntil), 0), TimeSpan.Zero) - _time.GetUtcNow();
        if (paused > TimeSpan.Zero)
            throw new DependencyUnavailableException(Dependency, paused);

        var prompt = new InspectionPrompt(request);
        try
        {
            return prompt.Read(await _pipeline.ExecuteAsync(async token => await AskAsync(prompt, token), cancellationToken));
        }
        catch (BrokenCircuitException e)
        {
            throw new DependencyUnavailableException(Dependency, e.RetryAfter is { Ticks: > 0 } remaining ? remaining : OutagePause);
        }
        catch (ClientResultException e) when (e.Status is 429)
        {
            throw Pause(RetryAfter(e) ?? OutagePause, e.Status);
        }
        catch (ClientResultException e) when (e.Status is 401 or 403 or 404)
        {
            throw Pause(MisconfiguredPause, e.Status);
        }
        catch (Exception e) when (IsTransient(e) || e is ClientResultException)
        {
            if (Interlocked.Read(ref _lastAnswer) < began)
                throw new DependencyUnavailableException(Dependency, OutagePause);
            throw new HttpRequestException(e is ClientResultException { Status: > 0 } answer
                ? $"The inspector answered {answer.Status}." : "The inspector did not answer in time.");
        }
    }

    private async Task<string> AskAsync(InspectionPrompt prompt, CancellationToken cancellationToken)
    {
        var options = new ChatCompletionOptions
        {
            ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("inspection", InspectionPrompt.Schema, jsonSchemaIsStrict: true),
            MaxOutputTokenCount = _options.IsReasoningModel ? MaxReasoningTokens : MaxAnswerTokens,
            Temperature = _options.IsReasoningModel ? null : 0,
        };
        try
        {
            ChatCompletion completion = await _chat.CompleteChatAsync(prompt.Messages(), options, cancellationToken);
            Answered();
            if (!string.IsNullOrEmpty(completion.Refusal))
                throw new UnusableAnswerException("the model refused");
            if (completion.FinishReason != ChatFinishReason.Stop)
                throw new UnusableAnswerException($"it ended by {completion.FinishReason}");
            return string.Concat(completion.Content.Select(part => part.Text));
        }
        catch (ClientResultException e) when (e.Status is >= 400 and < 500)
        {
            Answered();
            throw;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException or KeyNotFoundException)
        {
            throw new UnusableAnswerException("it is not a chat completion");
        }
    }

    private void Answered() => Interlocked.Exchange(ref _lastAnswer, _time.GetTimestamp());

    /// <summary>Nobody asks again before the time is over, whoever was told.</summary>
    private DependencyUnavailableException Pause(TimeSpan pause, int status)
    {
        pause = TimeSpan.FromTicks(Math.Clamp(pause.Ticks, TimeSpan.TicksPerSecond, LongestPause.Ticks));
        Interlocked.Exchange(ref _pausedUntil, (_time.GetUtcNow() + pause).UtcTicks);
        LogPaused(_logger, status, pause);
        return new(Dependency, pause);
    }

    private TimeSpan? RetryAfter(ClientResultException e)
    {
        if (e.GetRawResponse()?.Headers is not { } headers)
            return null;
        if (headers.TryGetValue("retry-after-ms", out var text) && double.TryParse(text, CultureInfo.InvariantCulture, out var milliseconds))
            return TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, LongestPause.TotalMilliseconds));
        if (!headers.TryGetValue("retry-after", out text))
            return null;
        if (double.TryParse(text, CultureInfo.InvariantCulture, out var seconds))
            return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, LongestPause.TotalSeconds));
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var at) ? at - _time.GetUtcNow() : null;
    }

    /// <summary>Status 0 is a connection that failed. A limit, a refusal and an unusable answer do not get better at once.</summary>
    private static bool IsTransient(Exception? e) => e is ClientResultException { Status: 0 or 408 or >= 500 } or HttpRequestException or TimeoutRejectedException;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The inspector answered {Status}; inspection pauses for {Pause}")]
    private static partial void LogPaused(ILogger logger, int status, TimeSpan pause);
}
