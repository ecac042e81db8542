using FeedBox.Http.Callers;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Http.RateLimits;

/// <param name="PerSecond">Sustained requests of one caller, at least 1.</param>
/// <param name="Burst">Requests at once after a quiet time, at least 1.</param>
internal sealed record RateLimit(int PerSecond, int Burst);

/// <summary>FeedBox:RateLimits. Each caller has one budget for reads and one for writes, in each process.</summary>
internal sealed record RateLimitOptions
{
    public bool Enabled { get; init; } = true;
    public RateLimit Writes { get; init; } = new(PerSecond: 50, Burst: 100);
    public RateLimit Reads { get; init; } = new(PerSecond: 200, Burst: 400);
}

internal static class RateLimits
{
    public static void AddRateLimits(this IHostApplicationBuilder builder) =>
        builder.Services.AddSingleton(builder.Configuration.GetSection("FeedBox:RateLimits").Get<RateLimitOptions>() ?? new());

    public static void UseRateLimits(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<RateLimitOptions>();
        if (!options.Enabled)
            return;
        var time = app.Services.GetRequiredService<TimeProvider>();
        var (reads, writes) = (new CallerRates(options.Reads, time), new CallerRates(options.Writes, time));
        app.Use((http, next) =>
        {
            if (http.GetEndpoint()?.Metadata.GetMetadata<LimitedPerCaller>() is null)
                return next(http);
            var rates = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? reads : writes;
            return rates.TryTake(Caller.Of(http.User).Id, out var retryAfter)
                ? next(http)
                : new ProblemResult(StatusCodes.Status429TooManyRequests, "rate-limited", "Too many requests; slow down.", retryAfter).ExecuteAsync(http);
        });
    }

    public static TBuilder LimitPerCaller<TBuilder>(this TBuilder endpoints) where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new LimitedPerCaller());

    private sealed class LimitedPerCaller;
}
