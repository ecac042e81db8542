using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.Sqlite;

/// <summary>Healthy when a write gets through the queue and commits: one that changes nothing and still needs room on the disk.</summary>
internal sealed class SqliteHealth(SqliteDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(writer => writer.Run($"PRAGMA user_version = {SqliteSchema.Version}"), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("The database takes no writes.", e);
        }
    }
}
