using System.Diagnostics;
using System.Net;
using FeedBox.Core.AccessLog;
using FeedBox.Http.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace FeedBox.Http.AccessLog;

/// <summary>Around everything else, notes what was asked and how it was answered. Costs a request no waiting; probes are not noted.</summary>
internal sealed class AccessLogging(AccessLogShipper shipper, string service, TimeProvider time)
{
    public Task InvokeAsync(HttpContext http, RequestDelegate next) =>
        http.Request.Path.Value is "/health" or "/alive" ? next(http) : ServeAsync(http, next);

    private async Task ServeAsync(HttpContext http, RequestDelegate next)
    {
        var started = time.GetTimestamp();
        var body = new CountedBody(http.Features.GetRequiredFeature<IHttpResponseBodyFeature>());
        http.Features.Set<IHttpResponseBodyFeature>(body);
        try
        {
            await next(http);
        }
        finally
        {
            http.Features.Set(body.Inner);
            shipper.Take(Describe(http, body.Bytes, time.GetElapsedTime(started)));
        }
    }

    private AccessLogEntry Describe(HttpContext http, long bytes, TimeSpan duration)
    {
        var at = time.GetUtcNow();
        var (request, response) = (http.Request, http.Response);
        return new(
            Guid.CreateVersion7(at), at, service, http.Connection.RemoteIpAddress is { } ip ? Text(ip) : null, MessageText.Cut(request.Method)!, MessageText.Cut(request.Path.ToUriComponent())!,
            http.RequestAborted.IsCancellationRequested && !response.HasStarted ? StatusCodes.Status499ClientClosedRequest : response.StatusCode,
            bytes, Math.Round(duration.TotalMilliseconds, 3), Referrer(request), Text(request, HeaderNames.UserAgent), Activity.Current?.TraceId.ToString());
    }

    /// <summary>One text for an address, however it was written: IPv4 as such, and without the zone that means something to one machine only.</summary>
    internal static string Text(IPAddress address) =>
        (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new(address.GetAddressBytes())).ToString();

    private static string? Referrer(HttpRequest request)
    {
        var referrer = Text(request, HeaderNames.Referer);
        return referrer?.IndexOfAny(['?', '#']) is { } end and >= 0 ? referrer[..end] : referrer;
    }

    private static string? Text(HttpRequest request, string header) =>
        request.Headers[header] is { Count: > 0 } values ? MessageText.Cut(values.ToString()) : null;
}

internal static class AccessLogRegistration
{
    public static void AddAccessLog(this IHostApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection(AccessLogOptions.Section).Get<AccessLogOptions>() ?? new();
        builder.Services.TryAddSingleton(options);
        if (!options.Enabled)
            return;
        var service = builder.Configuration["OTEL_SERVICE_NAME"] ?? builder.Environment.ApplicationName;
        builder.Services.AddSingleton<AccessLogShipper>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<AccessLogShipper>());
        builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<AccessLogging>(provider, service));
    }

    public static void UseAccessLog(this WebApplication app)
    {
        if (app.Services.GetService<AccessLogging>() is { } logging)
            app.Use(next => http => logging.InvokeAsync(http, next));
    }
}
