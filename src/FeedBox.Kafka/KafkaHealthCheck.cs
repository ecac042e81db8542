using FeedBox.Kafka.Events;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.Kafka;

/// <summary>Healthy while a broker answers.</summary>
internal sealed class KafkaHealthCheck(KafkaEventLog log) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            var brokers = (await log.DescribeAsync(cancellationToken).WaitAsync(Timeout, cancellationToken)).Brokers.Count;
            return HealthCheckResult.Healthy($"{brokers} brokers");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(context.Registration.FailureStatus, "No broker answers.", e);
        }
    }
}
