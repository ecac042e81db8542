using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FeedBox.UserTeamMock;

/// <summary>The other team's REST API with its failure model, as a process of its own or inside another one.</summary>
public static class UserTeamMockApp
{
    private const int MaxIds = 1_000;
    private const int MaxLimit = 10_000;

    /// <summary>Its own process: configured like any web application, on http://127.0.0.1:8088 unless told otherwise.</summary>
    public static WebApplication Create(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null)
            builder.WebHost.UseUrls("http://127.0.0.1:8088");
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        return Build(builder, builder.Configuration.GetSection("UserTeam").Get<UserTeamMockOptions>() ?? new());
    }

    /// <summary>Inside another process: takes nothing from that process's configuration, environment or logging.</summary>
    /// <param name="url">Port 0 picks a free one; see <see cref="WebApplication.Urls"/> after the start.</param>
    public static WebApplication Create(UserTeamMockOptions options, string url)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        builder.Services.AddRoutingCore();
        return Build(builder, options);
    }

    private static WebApplication Build(WebApplicationBuilder builder, UserTeamMockOptions options)
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<FailureModel>();
        builder.Services.AddSingleton<People>();
        builder.Services.AddSingleton<TokenIssuer>();
        var app = builder.Build();
        Map(app, app.Services.GetRequiredService<FailureModel>(), app.Services.GetRequiredService<People>(), app.Services.GetRequiredService<TokenIssuer>());
        return app;
    }

    private static void Map(WebApplication app, FailureModel failures, People people, TokenIssuer tokens)
    {
        app.MapGet("/alive", () => "alive");
        app.MapGet("/.well-known/jwks.json", tokens.PublicKeys);
        app.MapGet("/control", failures.Read);
        app.MapPut("/control", (ControlRequest change) => failures.Change(change));

        var api = app.MapGroup("").AddEndpointFilter(failures);

        api.MapGet("/users/{id:long}", (long id) => Found(people.FindUser(id))).WithDisplayName("GET /users/{id}");

        api.MapGet("/users", (string? ids) =>
        {
            if (string.IsNullOrEmpty(ids))
                return Results.Ok(people.FirstUsers(100));
            return ParseIds(ids) is { } parsed ? Results.Ok(parsed.Distinct().Select(people.FindUser).OfType<UserAnswer>()) : Results.BadRequest();
        }).WithDisplayName("GET /users");

        api.MapGet("/categories/{id:long}", (long id) => Found(people.FindCategory(id))).WithDisplayName("GET /categories/{id}");
        api.MapGet("/categories", () => people.Categories).WithDisplayName("GET /categories");

        api.MapGet("/followers", (long followingId, string? cursor, int? limit) =>
        {
            if (limit is null)
                return Results.Ok(people.Followers(followingId));
            long after = 0;
            if (limit is < 1 or > MaxLimit || (cursor is not null && !long.TryParse(cursor, out after)))
                return Results.BadRequest();
            return Results.Ok(people.Followers(followingId, after, limit.Value));
        }).WithDisplayName("GET /followers");

        api.MapGet("/followings", (long followerId) => people.Followings(followerId)).WithDisplayName("GET /followings");

        api.MapPut("/followings/{followerId:long}/{followingId:long}", (long followerId, long followingId) =>
            people.Follow(followerId, followingId) ? Results.NoContent() : Results.NotFound()).WithDisplayName("PUT /followings");

        api.MapDelete("/followings/{followerId:long}/{followingId:long}", (long followerId, long followingId) =>
        {
            people.Unfollow(followerId, followingId);
            return Results.NoContent();
        }).WithDisplayName("DELETE /followings");

        api.MapPost("/tokens", (TokenRequest request) =>
            people.FindUser(request.UserId) is { } user ? Results.Ok(tokens.Issue(user)) : Results.NotFound()).WithDisplayName("POST /tokens");
    }

    private static IResult Found<T>(T? answer) where T : class => answer is null ? Results.NotFound() : Results.Ok(answer);

    private static List<long>? ParseIds(string ids)
    {
        var parsed = new List<long>();
        foreach (var part in ids.AsSpan().Split(','))
        {
            if (parsed.Count == MaxIds || !long.TryParse(ids.AsSpan(part), out var id))
                return null;
            parsed.Add(id);
        }
        return parsed;
    }
}
