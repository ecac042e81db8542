using FeedBox.Core.Coupons;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Coupons;

/// <summary>Carries through coupon requests whose place is reserved and whose caller has gone, every second.</summary>
internal sealed partial class FinishCouponRequests(
    RequestCoupon requests, IOptions<CouponOptions> options, TimeProvider time, ILogger<FinishCouponRequests> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.FinishInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await requests.FinishAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogUnfinished(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Reserved coupon requests cannot be finished yet")]
    private partial void LogUnfinished(Exception e);
}
