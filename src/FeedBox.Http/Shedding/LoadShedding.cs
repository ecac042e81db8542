using System.Diagnostics.Metrics;
using FeedBox.Core;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Http.Shedding;

/// <summary>
/// Past capacity, answers early that it is too much, so that what is accepted stays fast. First in line: who is turned away costs next to nothing.
/// Probes and operators are never turned away.
/// </summary>
internal sealed class LoadShedding : IDisposable
{
    private readonly TimeProvider _time;
    private readonly AdaptiveLimit _reads, _writes;
    private readonly CachedProblem _overloaded;
    private readonly Meter _meter = new(Telemetry.Name);

    public LoadShedding(SheddingOptions options, TimeProvider time)
    {
        (_time, _reads, _writes) = (time, new(options, time), new(options, time));
        _overloaded = new(StatusCodes.Status503ServiceUnavailable, "overloaded", "More requests than we can serve; try again.", options.RetryAfter);
        _meter.CreateObservableCounter("feedbox.http.shed", () => Each(limit => limit.Shed), "{request}", "Requests turned away");
        _meter.CreateObservableGauge("feedbox.http.limit", () => Each(limit => limit.Limit), "{request}", "Requests that may be under way at once");
        _meter.CreateObservableGauge("feedbox.http.in_flight", () => Each(limit => limit.InFlight), "{request}", "Requests under way");
    }

    public Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        var limit = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? _reads : _writes;
        if (limit.TryEnter())
            return ServeAsync(http, next, limit);
        return IsExempt(http.Request.Path) ? next(http) : _overloaded.ExecuteAsync(http);
    }

    private async Task ServeAsync(HttpContext http, RequestDelegate next, AdaptiveLimit limit)
    {
        var entered = _time.GetTimestamp();
        try
        {
            // A busy process has its queue here, where it is counted and measured, and not in front of the door.
            if (limit.InFlight > Environment.ProcessorCount)
                await Task.Yield();
            await next(http);
        }
        finally
        {
            limit.Leave(entered);
        }
    }

    private static bool IsExempt(PathString path) =>
        path.StartsWithSegments("/ops") || path.StartsWithSegments("/health") || path.StartsWithSegments("/alive");

    private IEnumerable<Measurement<long>> Each(Func<AdaptiveLimit, long> value) =>
        [new(value(_reads), new KeyValuePair<string, object?>("kind", "read")), new(value(_writes), new KeyValuePair<string, object?>("kind", "write"))];

    public void Dispose() => _meter.Dispose();
}

internal static class SheddingRegistration
{
    public static void AddLoadShedding(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(builder.Configuration.GetSection(SheddingOptions.Section).Get<SheddingOptions>() ?? new());
        builder.Services.AddSingleton<LoadShedding>();
    }

    public static void UseLoadShedding(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<SheddingOptions>().Enabled)
            return;
        var shedding = app.Services.GetRequiredService<LoadShedding>();
        app.Use(next => http => shedding.InvokeAsync(http, next));
    }
}
