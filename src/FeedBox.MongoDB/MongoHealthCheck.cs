using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.MongoDB;

/// <summary>Healthy while a server answers a ping.</summary>
internal sealed class MongoHealthCheck(MongoStore store) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            await store.PingAsync(cancellationToken).WaitAsync(Timeout, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(context.Registration.FailureStatus, "MongoDB does not answer.", e);
        }
    }
}
