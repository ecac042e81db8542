using System.Reflection;
using FeedBox.Core.Inspection;
using FeedBox.Core.Operations;
using FeedBox.Http.Callers;
using FeedBox.Http.OpenApi;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FeedBox.Http.Operations;

/// <param name="Edition">"standalone" or "full".</param>
/// <param name="Inspector">What judges the posts: "offline", or a model like "openai:gpt-4o-mini".</param>
public sealed record About(string Edition, string Inspector, string Version);

public sealed record Health(string Status);

internal static class OperationsEndpoints
{
    /// <summary>What only operators may ask.</summary>
    public static RouteGroupBuilder MapOperators(this IEndpointRouteBuilder api) =>
        api.MapGroup("/ops").WithTags("Operations").RequireAuthorization(Operators.Policy).WithProblems(403, "operators-only");

    public static void MapPipeline(this IEndpointRouteBuilder operators)
    {
        operators.MapGet("/pipeline", async (IPipelineStatus pipeline, CancellationToken cancellationToken) =>
            TypedResults.Ok(await pipeline.ReadAsync(cancellationToken)))
        .WithSummary("How far the work behind the API is.");
    }

    /// <summary>Without a caller: what runs here, and whether it is well.</summary>
    public static void MapStatus(this IEndpointRouteBuilder app)
    {
        var version = typeof(FeedBoxHttp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        app.MapGet("/about", (IServiceProvider services, IConfiguration configuration) => TypedResults.Ok(new About(
            configuration["FeedBox:Edition"] ?? "standalone",
            (services.GetService(typeof(IPostInspector)) as IPostInspector)?.Name ?? "unknown",
            version)))
        .WithTags("Operations")
        .WithSummary("Edition, inspector and version.");

        app.MapHealthChecks("/health", new() { ResponseWriter = WriteAsync });
        app.MapHealthChecks("/alive", new() { Predicate = check => check.Tags.Contains("live"), ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext http, HealthReport report) => report.Status == HealthStatus.Unhealthy
        ? new ProblemResult(StatusCodes.Status503ServiceUnavailable, "unhealthy",
            $"Not well: {string.Join(", ", report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy).Select(entry => entry.Key))}.").ExecuteAsync(http)
        : http.Response.WriteAsJsonAsync(new(report.Status.ToString().ToLowerInvariant()), HttpJson.Default.Health);
}
