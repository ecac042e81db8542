using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.Redis;

/// <summary>Healthy while the server answers a ping.</summary>
internal sealed class RedisHealthCheck(RedisStore store) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            var latency = await store.RunAsync(database => database.PingAsync()).WaitAsync(Timeout, cancellationToken);
            return HealthCheckResult.Healthy($"{latency.TotalMilliseconds:F1} ms");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(context.Registration.FailureStatus, "Redis does not answer.", e);
        }
    }
}
