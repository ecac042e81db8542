using System.Collections.Concurrent;

namespace FeedBox.UserTeamMock;

/// <summary>What the operator of the mock may change while it runs; a null leaves the value as it is.</summary>
public sealed record ControlRequest(double? Failures, double? DelayMilliseconds, double? LatencyMilliseconds, bool? Down);

public sealed record ControlAnswer(
    double Failures, double DelayMilliseconds, double LatencyMilliseconds, bool Down,
    IReadOnlyDictionary<string, long> Calls, IReadOnlyDictionary<string, long> Failed);

/// <summary>
/// With a fixed probability a call waits and then fails. Whether the n-th call fails depends on n and the seed alone,
/// so a sequence of calls fails the same way in every run.
/// </summary>
public sealed class FailureModel(UserTeamMockOptions options, TimeProvider time) : IEndpointFilter
{
    private readonly ConcurrentDictionary<string, long> _calls = new();
    private readonly ConcurrentDictionary<string, long> _failed = new();
    private volatile ControlAnswer _control = new(
        options.Failures, options.Delay.TotalMilliseconds, options.Latency.TotalMilliseconds, Down: false,
        new Dictionary<string, long>(), new Dictionary<string, long>());
    private long _sequence;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var endpoint = context.HttpContext.GetEndpoint()!.DisplayName!;
        _calls.AddOrUpdate(endpoint, 1, (_, count) => count + 1);

        var (control, aborted) = (_control, context.HttpContext.RequestAborted);
        if (control.Down)
            return Fail(endpoint, StatusCodes.Status503ServiceUnavailable);
        if (Draw(Interlocked.Increment(ref _sequence)) < control.Failures)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(control.DelayMilliseconds), time, aborted);
            return Fail(endpoint, StatusCodes.Status500InternalServerError);
        }
        if (control.LatencyMilliseconds > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(control.LatencyMilliseconds), time, aborted);
        return await next(context);
    }

    public ControlAnswer Read() => _control with { Calls = new SortedDictionary<string, long>(_calls), Failed = new SortedDictionary<string, long>(_failed) };

    public ControlAnswer Change(ControlRequest change)
    {
        var now = _control;
        _control = now with
        {
            Failures = Math.Clamp(change.Failures ?? now.Failures, 0, 1),
            DelayMilliseconds = Math.Clamp(change.DelayMilliseconds ?? now.DelayMilliseconds, 0, 60_000),
            LatencyMilliseconds = Math.Clamp(change.LatencyMilliseconds ?? now.LatencyMilliseconds, 0, 60_000),
            Down = change.Down ?? now.Down,
        };
        return Read();
    }

    private IResult Fail(string endpoint, int status)
    {
        _failed.AddOrUpdate(endpoint, 1, (_, count) => count + 1);
        return Results.StatusCode(status);
    }

    /// <summary>SplitMix64: an even spread over [0, 1) from a counter.</summary>
    private double Draw(long n)
    {
        var z = options.Seed + unchecked((ulong)n) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
