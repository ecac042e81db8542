using System.Text.Encodings.Web;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.Core.Posts;
using FeedBox.Http.AccessLog;
using FeedBox.Http.Callers;
using FeedBox.Http.Coupons;
using FeedBox.Http.DeadLetters;
using FeedBox.Http.Inbox;
using FeedBox.Http.OpenApi;
using FeedBox.Http.Operations;
using FeedBox.Http.Posts;
using FeedBox.Http.Problems;
using FeedBox.Http.Publishing;
using FeedBox.Http.RateLimits;
using FeedBox.Http.Search;
using FeedBox.Http.Shedding;
using FeedBox.Http.UserTeam;
using FeedBox.Http.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Http;

/// <summary>Which of the endpoints a process maps: what users see, what operators see, or both. Status and API description are always there.</summary>
[Flags]
public enum Doors
{
    Product = 1,
    Operations = 2,
    All = Product | Operations,
}

/// <summary>The REST API and the page. A process adds it, brings the ports, and maps it.</summary>
public static class FeedBoxHttp
{
    /// <summary>Five times the largest post in the widest script.</summary>
    public const int MaxBodyBytes = 64 * 1024;

    /// <summary>
    /// Needs IPostStore, IPostCache, IInboxStore, ISearchIndex, IIdempotencyStore, IUserTeam, INameDirectory, ICouponStore, ICouponGate,
    /// IEventLog, IDeadLetterStore and IPipelineStatus;
    /// shows IPostInspector and IFailedPublications where there are, and IAccessLogStore where the access log is on.
    /// </summary>
    public static IHostApplicationBuilder AddFeedBoxHttp(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
        });
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, HttpJson.Default);
            json.SerializerOptions.NumberHandling = HttpJson.Default.Options.NumberHandling;
            foreach (var converter in HttpJson.Default.Options.Converters)
                json.SerializerOptions.Converters.Add(converter);
            // Korean stays readable; what is sent is application/json with nosniff, never markup.
            json.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddExceptionHandler<ProblemExceptionHandler>();
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), ["live"]);
        services.AddApiDescription();
        builder.AddCallers();
        builder.AddRateLimits();
        builder.AddLoadShedding();
        builder.AddAccessLog();

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<PublishPost>();
        services.TryAddSingleton<ChangePost>();
        services.TryAddSingleton<ReadPosts>();
        services.TryAddSingleton<ReadInbox>();
        services.TryAddSingleton<OpenCouponEvent>();
        services.TryAddSingleton(builder.Configuration.GetSection(PublishingOptions.Section).Get<PublishingOptions>() ?? new());
        services.TryAddSingleton<DirectPublisher>();
        services.TryAddSingleton<RequestCoupon>();
        services.TryAddSingleton<ReplayDeadLetters>();
        services.TryAddSingleton(builder.Configuration.GetSection(DeadLetterOptions.Section).Get<DeadLetterOptions>() ?? new());
        services.TryAddSingleton<CategoryList>();
        return builder;
    }

    public static WebApplication MapFeedBox(this WebApplication app, Doors doors = Doors.All)
    {
        app.UseAccessLog();
        app.UseLoadShedding();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(page => ProblemResult.ForStatus(page.HttpContext.Response.StatusCode).ExecuteAsync(page.HttpContext));
        app.UseBrowserSafety();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRateLimits();
        app.UseBodies();

        var api = app.MapGroup("").RequireAuthorization().LimitPerCaller();
        if (doors.HasFlag(Doors.Product))
        {
            api.MapPosts();
            api.MapInbox();
            api.MapSearch();
            api.MapCoupons();
            api.MapUserTeam();
            app.MapPage();
        }
        if (doors.HasFlag(Doors.Operations))
        {
            var operators = api.MapOperators();
            operators.MapPipeline();
            operators.MapDeadLetters();
            operators.MapFailedPublications();
            if (app.Services.GetRequiredService<AccessLogOptions>().Enabled)
                operators.MapAccessLog();
        }

        app.MapStatus();
        app.MapApiDescription();
        return app;
    }
}
