using System.Threading.RateLimiting;
using FeedBox.Http.Callers;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Http.RateLimits;

/// <param name="PerSecond">Sustained requests of one caller.</param>
/// <param name="Burst">Requests at once after a quiet time.</param>
internal sealed record RateLimit(int PerSecond, int Burst);

/// <summary>FeedBox:RateLimits. Each caller has one bucket for reads and one for writes, in each process.</summary>
internal sealed record RateLimitOptions
{
    public bool Enabled { get; init; } = true;
    public RateLimit Writes { get; init; } = new(PerSecond: 50, Burst: 100);
    public RateLimit Reads { get; init; } = new(PerSecond: 200, Burst: 400);
}

internal static class RateLimits
{
    private const string PerCaller = "per-caller";

    // The limiter's global slot stays free for load shedding, which must look at the process and not at the caller.
    public static void AddRateLimits(this IHostApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection("FeedBox:RateLimits").Get<RateLimitOptions>() ?? new();
        builder.Services.AddSingleton(options);
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.OnRejected = async (rejected, _) =>
            {
                var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var retryAfter) ? retryAfter : TimeSpan.FromSeconds(1);
                await new ProblemResult(StatusCodes.Status429TooManyRequests, "rate-limited", "Too many requests; slow down.", wait)
                    .ExecuteAsync(rejected.HttpContext);
            };
            limiter.AddPolicy(PerCaller, http =>
            {
                var write = !HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method);
                return RateLimitPartition.GetTokenBucketLimiter((Caller.Of(http.User), write), _ => Bucket(write ? options.Writes : options.Reads));
            });
        });
    }

    public static void UseRateLimits(this WebApplication app)
    {
        if (app.Services.GetRequiredService<RateLimitOptions>().Enabled)
            app.UseRateLimiter();
    }

    public static TBuilder LimitPerCaller<TBuilder>(this TBuilder endpoints) where TBuilder : IEndpointConventionBuilder =>
        endpoints.RequireRateLimiting(PerCaller);

    private static TokenBucketRateLimiterOptions Bucket(RateLimit limit)
    {
        // Ten refills a second; below ten requests a second, one token as often as it takes.
        var perPeriod = Math.Max(1, limit.PerSecond / 10);
        return new()
        {
            TokenLimit = limit.Burst,
            TokensPerPeriod = perPeriod,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)perPeriod / limit.PerSecond),
            QueueLimit = 0,
        };
    }
}
