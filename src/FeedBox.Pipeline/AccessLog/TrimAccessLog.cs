using FeedBox.Core.AccessLog;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FeedBox.Pipeline.AccessLog;

/// <summary>Removes entries that are older than they are kept.</summary>
internal sealed partial class TrimAccessLog(IAccessLogStore store, AccessLogOptions options, TimeProvider time, ILogger<TrimAccessLog> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.TrimInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await store.TrimAsync(time.GetUtcNow() - options.Retention, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The access log could not be trimmed; the next round tries again")]
    private partial void LogFailed(Exception e);
}
