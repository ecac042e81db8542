using System.Diagnostics;
using FeedBox.Core;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FeedBox.Standalone;

/// <summary>Traces, metrics and logs over OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set; nothing otherwise.</summary>
internal static class OpenTelemetrySetup
{
    private static readonly string[] Sources = [Telemetry.Name, "Microsoft.AspNetCore", "System.Net.Http"];

    private static readonly string[] Meters =
        [Telemetry.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime"];

    public static void AddOpenTelemetry(this WebApplicationBuilder builder)
    {
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;

        var resource = ResourceBuilder.CreateDefault().AddService(builder.Configuration["OTEL_SERVICE_NAME"] ?? "feedbox");
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.SetResourceBuilder(resource).AddOtlpExporter();
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        builder.Services.AddHostedService(_ => new Exporters(
            Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Sources)
                .AddProcessor(new OwnRequests()).AddOtlpExporter().Build(),
            Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters)
                .AddOtlpExporter((_, reader) => reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 5_000).Build()));
        builder.Services.AddTransient<IStartupFilter, RequestSpans>();
    }

    /// <summary>Keeps both providers alive for as long as the process runs, and flushes them at its end.</summary>
    private sealed class Exporters(TracerProvider traces, MeterProvider metrics) : IHostedService, IDisposable
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            traces.Dispose();
            metrics.Dispose();
        }
    }

    /// <summary>Leaves out the server spans of the user team's mock: it is another team's service, whatever process it runs in.</summary>
    private sealed class OwnRequests : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity span)
        {
            if (span.Kind == ActivityKind.Server && span.GetTagItem("http.route") is null)
                span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }

    /// <summary>The framework's own request span has neither route nor status.</summary>
    private sealed class RequestSpans : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use(async (context, following) =>
            {
                await following(context);
                if (Activity.Current is not { } span)
                    return;
                var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
                span.DisplayName = $"{context.Request.Method} {route ?? context.Request.Path}";
                span.SetTag("http.route", route ?? "");
                span.SetTag("http.request.method", context.Request.Method);
                span.SetTag("http.response.status_code", context.Response.StatusCode);
                if (context.Response.StatusCode >= 500)
                    span.SetStatus(ActivityStatusCode.Error);
            });
            next(app);
        };
    }
}
