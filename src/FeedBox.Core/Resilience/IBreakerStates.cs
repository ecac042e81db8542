using System.Diagnostics.Metrics;

namespace FeedBox.Core.Resilience;

/// <param name="State">"closed" (calls pass), "half-open" (one probe passes) or "open" (calls fail at once).</param>
public sealed record BreakerState(string Dependency, string Endpoint, string State);

/// <summary>The circuit breakers of one dependency, for operators. Every adapter that has some registers one of these; ask for all of them.</summary>
public interface IBreakerStates
{
    IReadOnlyList<BreakerState> Read();
}

public static class BreakerGauge
{
    /// <summary>Shows the states as the gauge feedbox.breaker.state: 0 closed, 1 half-open, 2 open.</summary>
    public static void Publish(IBreakerStates breakers) => Telemetry.Meter.CreateObservableGauge(
        "feedbox.breaker.state",
        () => breakers.Read().Select(breaker => new Measurement<int>(
            breaker.State switch { "closed" => 0, "half-open" => 1, _ => 2 },
            new("dependency", breaker.Dependency), new KeyValuePair<string, object?>("endpoint", breaker.Endpoint))),
        description: "0 closed, 1 half-open, 2 open");
}
