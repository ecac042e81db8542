using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.Elasticsearch;

/// <summary>Healthy while the server answers a ping.</summary>
internal sealed class ElasticsearchHealthCheck(ElasticsearchServer server) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            var ping = await server.PingAsync(cancellationToken).WaitAsync(Timeout, cancellationToken);
            return ping.ApiCallDetails.HasSuccessfulStatusCode
                ? HealthCheckResult.Healthy()
                : new(context.Registration.FailureStatus, "Elasticsearch does not answer.", ping.ApiCallDetails.OriginalException);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(context.Registration.FailureStatus, "Elasticsearch does not answer.", e);
        }
    }
}
