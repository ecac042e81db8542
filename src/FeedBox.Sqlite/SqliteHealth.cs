using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.Sqlite;

/// <summary>Healthy when an empty write gets through the queue and commits.</summary>
internal sealed class SqliteHealth(SqliteDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(writer => writer.Prepare("SELECT 1").Scalar(), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("The database takes no writes.", e);
        }
    }
}
