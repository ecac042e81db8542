using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.UserTeamMock;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace FeedBox.Standalone;

/// <summary>The choices that make the standalone edition: what the full edition runs as services, this one runs in process.</summary>
internal static class Composition
{
    /// <summary>The other team's API on a port of its own, so that every call to it crosses a real connection. Null when a real one is configured.</summary>
    public static async Task<WebApplication?> StartUserTeamMockAsync(this WebApplicationBuilder builder)
    {
        if (builder.Configuration["FeedBox:UserTeam:BaseAddress"] is not null)
            return null;
        var mock = UserTeamMockApp.Create(builder.Configuration.GetSection("UserTeam").Get<UserTeamMockOptions>() ?? new(), "http://127.0.0.1:0");
        await mock.StartAsync();
        builder.Configuration["FeedBox:UserTeam:BaseAddress"] = mock.Urls.First();
        return mock;
    }

    public static void AddInProcessCaches(this IServiceCollection services)
    {
        services.AddSingleton<IPostCache>(new MemoryPostCache());
        services.AddSingleton<ICouponGate, MemoryCouponGate>();
    }

    public static void AnnounceWhenReady(this WebApplication app, WebApplication? userTeam) =>
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
            Console.WriteLine($"""
                Page       {address}
                API        {address}/openapi/v1.json  (reference: {address}/reference)
                User team  {app.Configuration["FeedBox:UserTeam:BaseAddress"]}{(userTeam is null ? "" : "  (mock)")}
                Data       {app.Configuration["FeedBox:Sqlite:Path"]}
                Inspector  {app.Services.GetRequiredService<IPostInspector>().Name}
                FeedBox is ready: {address}
                """);
        });

    /// <summary>The exit code: 1 when it cannot run here, with the reason for whoever started it. What nobody expected stays an exception.</summary>
    public static async Task<int> RunOrSayWhyNotAsync(this WebApplication app)
    {
        try
        {
            await app.RunAsync();
            return 0;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or DependencyUnavailableException)
        {
            await Console.Error.WriteLineAsync($"FeedBox cannot run: {e.Message}{(e is DependencyUnavailableException ? $" {e.InnerException?.Message}" : "")}");
            return 1;
        }
    }
}
