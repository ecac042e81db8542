using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using FeedBox.Core;
using FeedBox.Core.Resilience;
using Polly;
using Polly.CircuitBreaker;
using Polly.Hedging;
using Polly.Retry;
using Polly.Timeout;

namespace FeedBox.UserTeam;

/// <summary>
/// The resilience of one endpoint: total budget, then retry with jitter, then (reads) hedging, then the breaker, then the time of one attempt.
/// Endpoints share nothing, so a broken one leaves the others alone.
/// </summary>
public sealed class UserTeamEndpoint
{
    public const string Dependency = "user-team";
    private static readonly TimeSpan OutagePause = TimeSpan.FromSeconds(2);
    private static readonly Counter<long> Attempts =
        Telemetry.Meter.CreateCounter<long>("feedbox.user_team.attempts", description: "Attempts sent to the user team, by endpoint and outcome");

    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly HedgeDelay _hedgeDelay;
    private readonly SemaphoreSlim _turns;
    private readonly CircuitBreakerStateProvider _breaker = new();
    private readonly ResiliencePipeline<object?> _pipeline;
    private long _lastAnswer = long.MinValue;

    public UserTeamEndpoint(string name, bool isRead, UserTeamOptions options, TimeProvider time)
    {
        _name = name;
        _time = time;
        _hedgeDelay = new(options.HedgeDelay, options.AttemptTimeout);
        _turns = new(options.MaxConcurrentAttempts);

        var builder = new ResiliencePipelineBuilder<object?> { TimeProvider = time }
            .AddTimeout(isRead ? options.TotalBudget : options.WriteBudget)
            .AddRetry(new RetryStrategyOptions<object?>
            {
                ShouldHandle = Transient(),
                MaxRetryAttempts = isRead ? options.ReadRetries : options.WriteRetries,
                Delay = TimeSpan.FromMilliseconds(100),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            });
        if (isRead)
        {
            builder.AddHedging(new HedgingStrategyOptions<object?>
            {
                // An attempt that the breaker turns away must not end the call whose first attempt is the breaker's probe.
                ShouldHandle = Transient().Handle<BrokenCircuitException>(),
                MaxHedgedAttempts = options.HedgedAttempts - 1,
                DelayGenerator = _ => new(_hedgeDelay.Current),
            });
        }
        _pipeline = builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<object?>
            {
                ShouldHandle = Transient(),
                FailureRatio = options.BreakerFailureRatio,
                SamplingDuration = options.BreakerWindow,
                MinimumThroughput = options.BreakerMinimumCalls,
                BreakDuration = options.BreakerOpen,
                StateProvider = _breaker,
            })
            .AddTimeout(options.AttemptTimeout)
            .Build();
    }

    public BreakerState State => new(Dependency, _name, _breaker.CircuitState switch
    {
        CircuitState.Closed => "closed",
        CircuitState.HalfOpen => "half-open",
        _ => "open",
    });

    /// <exception cref="DependencyUnavailableException">The breaker is open, or nobody got an answer while this call was tried.</exception>
    /// <exception cref="HttpRequestException">This call failed while others were answered.</exception>
    public async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        try
        {
            // The call runs to its own end when the caller gives up: a cancelled attempt would count as a success at the breaker.
            var call = _pipeline.ExecuteAsync(async token => (object?)await AttemptAsync(send, token), CancellationToken.None);
            return (T)(await call.AsTask().WaitAsync(cancellationToken))!;
        }
        catch (BrokenCircuitException e)
        {
            throw new DependencyUnavailableException(Dependency, e.RetryAfter is { Ticks: > 0 } remaining ? remaining : OutagePause, e);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or JsonException)
        {
            if (Interlocked.Read(ref _lastAnswer) < began)
                throw new DependencyUnavailableException(Dependency, OutagePause, e);
            throw e as HttpRequestException ?? new HttpRequestException($"{_name} of the user team gave no usable answer.", e);
        }
    }

    private async Task<T> AttemptAsync<T>(Func<CancellationToken, Task<T>> send, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        var began = _time.GetTimestamp();
        var outcome = "failed";
        try
        {
            var answer = await send(cancellationToken);
            outcome = "answered";
            _hedgeDelay.Succeeded(_time.GetElapsedTime(began));
            return answer;
        }
        catch (HttpRequestException e) when (!IsTransient(e))
        {
            outcome = "refused";
            throw;
        }
        catch (OperationCanceledException)
        {
            outcome = "abandoned";
            throw;
        }
        finally
        {
            _turns.Release();
            if (outcome is "answered" or "refused")
                Interlocked.Exchange(ref _lastAnswer, _time.GetTimestamp());
            Attempts.Add(1, new("endpoint", _name), new("outcome", outcome));
        }
    }

    private static PredicateBuilder<object?> Transient() =>
        new PredicateBuilder<object?>().Handle<HttpRequestException>(IsTransient).Handle<TimeoutRejectedException>().Handle<JsonException>();

    /// <summary>A refusal (most of 4xx) is an answer about this request. That we may not ask, or not so often, is not.</summary>
    private static bool IsTransient(HttpRequestException e) => e.StatusCode is null or >= HttpStatusCode.InternalServerError
        or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
}
