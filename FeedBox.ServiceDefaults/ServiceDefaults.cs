using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Resilience;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace FeedBox.ServiceDefaults;

/// <summary>What every process of the full edition has in common: telemetry, service discovery, resilient HTTP clients, an eye on its peers. Health is mapped by FeedBox.Http.</summary>
public static class ServiceDefaults
{
    /// <summary>Clients whose room brings a pipeline of its own: budget, retries, hedging, breaker. A second layer would multiply the attempts.</summary>
    private static readonly string[] ResilientAlready = ["user-team", "user-team-keys", "openai", PeerHealth.ClientName];

    public static IHostApplicationBuilder AddServiceDefaults(this IHostApplicationBuilder builder)
    {
        builder.AddTelemetry();
        builder.Services.AddServiceDiscovery();
        builder.Services.AddResilientHttpClients();
        builder.AddPeerHealth();
        return builder;
    }

    private static void AddPeerHealth(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.Configure<PeerHealthOptions>(builder.Configuration.GetSection(PeerHealthOptions.Section));
        builder.Services.AddSingleton<PeerHealth>();
        builder.Services.AddSingleton<IBreakerStates>(provider => provider.GetRequiredService<PeerHealth>());
        builder.Services.AddHostedService(provider => provider.GetRequiredService<PeerHealth>());
    }

    /// <summary>
    /// The standard handler, which by default opens its breaker at one failure in ten and repeats POSTs: here at one in two,
    /// and nothing is repeated that may take effect twice (H126).
    /// </summary>
    private static void AddResilientHttpClients(this IServiceCollection services)
    {
        services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler(handler =>
            {
                handler.CircuitBreaker.FailureRatio = 0.5;
                handler.CircuitBreaker.MinimumThroughput = 20;
                handler.Retry.DisableForUnsafeHttpMethods();
            });
            http.AddServiceDiscovery();
        });
#pragma warning disable EXTEXP0001 // the only way to take one client out of the defaults
        foreach (var name in ResilientAlready)
            services.AddHttpClient(name).RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }

    private static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        // Redis, MongoDB and Elasticsearch are added by their client integrations.
        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation()
                .AddMeter(Telemetry.Name, "MySqlConnector", "Polly"))
            .WithTracing(tracing => tracing
                .SetSampler(new ParentBasedSampler(new AskedFor()))
                .AddAspNetCoreInstrumentation(http => http.Filter = request => !IsProbe(request))
                .AddHttpClientInstrumentation()
                .AddSource(Telemetry.Name, "MySqlConnector"));
        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            telemetry.UseOtlpExporter();
    }

    private static bool IsProbe(HttpContext http) => http.Request.Path.Value is "/health" or "/alive";

    /// <summary>Leaves out what a process asks its servers on its own, several times a second: polls and pings tell nothing and would bury the rest.</summary>
    private sealed class AskedFor : Sampler
    {
        public override SamplingResult ShouldSample(in SamplingParameters span) =>
            new(span.Kind == ActivityKind.Client ? SamplingDecision.Drop : SamplingDecision.RecordAndSample);
    }
}
