using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MySqlConnector;

namespace FeedBox.MySql;

/// <summary>Brings the schema up to date before anything else starts. Of several processes one does it (GET_LOCK) and the others wait.</summary>
internal sealed partial class MySqlSchema(
    IDbContextFactory<FeedBoxDbContext> contexts, IOptions<MySqlOptions> options, TimeProvider time, ILogger<MySqlSchema> logger) : IHostedService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await using var context = await contexts.CreateDbContextAsync(cancellationToken);
                await context.Database.MigrateAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (e is RetryLimitExceededException or MySqlException { IsTransient: true }
                && time.GetElapsedTime(started) < options.Value.StartTimeout)
            {
                LogNotYet(e);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "The schema cannot be brought up to date yet")]
    private partial void LogNotYet(Exception e);
}
