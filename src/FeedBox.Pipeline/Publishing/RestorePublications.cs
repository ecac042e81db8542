using FeedBox.Core.Events;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FeedBox.Pipeline.Publishing;

/// <summary>Gives the log, every minute, what it did not take when it was published.</summary>
internal sealed partial class RestorePublications(
    DirectPublisher publisher, PublishingOptions options, TimeProvider time, ILogger<RestorePublications> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.RestoreInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var (restored, refused) = await publisher.RestoreAsync(stoppingToken);
                if (restored > 0)
                    LogRestored(restored);
                if (refused > 0)
                    LogRefused(refused, options.MaxRefusals);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotYet(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "{Count} publications are restored")]
    private partial void LogRestored(int count);

    [LoggerMessage(LogLevel.Error, "The log refuses {Count} publications; each is tried {Max} times and then left to an operator")]
    private partial void LogRefused(int count, int max);

    [LoggerMessage(LogLevel.Warning, "Failed publications cannot be restored yet")]
    private partial void LogNotYet(Exception e);
}
