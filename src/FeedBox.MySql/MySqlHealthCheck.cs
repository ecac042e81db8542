using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.MySql;

/// <summary>Healthy while a connection can be had; answers at once, without the retries of ordinary work.</summary>
internal sealed class MySqlHealthCheck(IDbContextFactory<FeedBoxDbContext> contexts) : IHealthCheck
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        try
        {
            await using var database = await contexts.CreateDbContextAsync(cancellationToken);
            await using var connection = new MySqlConnector.MySqlConnection(database.Database.GetConnectionString());
            await connection.OpenAsync(cancellationToken).WaitAsync(Timeout, cancellationToken);
            return HealthCheckResult.Healthy(connection.ServerVersion);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(context.Registration.FailureStatus, "MySQL does not answer.", e);
        }
    }
}
