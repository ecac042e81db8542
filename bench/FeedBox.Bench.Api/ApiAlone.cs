using FeedBox.Core.Coupons;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Http;
using FeedBox.Pipeline;
using FeedBox.Sqlite;
using FeedBox.UserTeam;

namespace FeedBox.Bench.Api;

/// <summary>The rooms of the standalone edition without the work behind the API, as the full edition has its API in a process of its own.</summary>
internal static class ApiAlone
{
    public const string Argument = "api-alone";

    public static Task ServeAsync(string database)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["FeedBox:Sqlite:Path"] = database;
        builder.Configuration["FeedBox:RateLimits:Enabled"] = "false";
        builder.Services.AddFeedBoxSqlite(builder.Configuration);
        builder.Services.AddFeedBoxUserTeam(builder.Configuration);
        builder.Services.AddSingleton<IPostInspector, OfflineInspector>();
        builder.Services.AddFeedBoxPipeline(builder.Configuration);
        builder.AddFeedBoxHttp();
        builder.Services.AddSingleton<IPostCache>(new MemoryPostCache());
        builder.Services.AddSingleton<ICouponGate, MemoryCouponGate>();
        foreach (var worker in builder.Services.Where(IsWorker).ToList())
            builder.Services.Remove(worker);
        return OwnServer.ServeAsync(builder.Build().MapFeedBox());
    }

    private static bool IsWorker(ServiceDescriptor service) =>
        service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(PipelineServices).Assembly;
}
