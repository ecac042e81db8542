using FeedBox.Sqlite.DeadLetters;
using FeedBox.Sqlite.Events;
using FeedBox.Sqlite.Idempotency;
using FeedBox.Sqlite.UserTeam;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FeedBox.Sqlite;

/// <summary>Trims what has an age limit. Being a hosted service, it also has the file opened before anything is served.</summary>
internal sealed partial class SqliteMaintenance(
    SqliteOptions options, SqliteEventLog log, SqliteIdempotencyStore idempotency, SqliteNameStore names,
    SqliteDeadLetterStore deadLetters, TimeProvider time, ILogger<SqliteMaintenance> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.TrimInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                LogTrimmed(
                    await log.TrimAsync(stoppingToken),
                    await idempotency.TrimAsync(time.GetUtcNow(), stoppingToken),
                    await names.TrimAsync(time.GetUtcNow(), stoppingToken),
                    await deadLetters.TrimAsync(stoppingToken));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Trimmed {Records} records of the event log, {Answers} idempotent answers, {Names} names, {DeadLetters} removed dead letters")]
    private partial void LogTrimmed(int records, int answers, int names, int deadLetters);

    [LoggerMessage(LogLevel.Warning, "Trimming failed; the next round tries again")]
    private partial void LogFailed(Exception e);
}
