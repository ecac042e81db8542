using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FeedBox.Http.Callers;

/// <summary>User ids of those who may use /ops, from FeedBox:Operators; user 1 in Development when nothing is said.</summary>
internal sealed record Operators(IReadOnlySet<long> Ids)
{
    public const string Policy = "operators";

    public static Operators From(IHostApplicationBuilder builder) => new(
        (builder.Configuration.GetSection("FeedBox:Operators").Get<long[]>() ?? (builder.Environment.IsDevelopment() ? [1] : [])).ToHashSet());
}

/// <summary>Callers prove who they are with a bearer token of the user team; in Development an X-User-Id header will do.</summary>
internal sealed class CallerAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder,
    UserTeamTokens tokens, Operators operators, IHostEnvironment environment)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string Bearer = "Bearer";
    public const string UserIdHeader = "X-User-Id";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization is { Count: > 0 } authorization)
        {
            if (authorization is not [{ } value] || !value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
                return AuthenticateResult.Fail("Not one bearer token.");
            return await tokens.ReadCallerAsync(value["Bearer ".Length..].Trim(), Context.RequestAborted) is { } caller
                ? Known(caller)
                : AuthenticateResult.Fail("The token does not prove a caller.");
        }
        if (environment.IsDevelopment() && Request.Headers[UserIdHeader] is { Count: > 0 } ids)
            return ids is [{ } id] && Caller.TryParse(id, out var caller) ? Known(caller) : AuthenticateResult.Fail("Not a user id.");
        return AuthenticateResult.NoResult();
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var rejected = await HandleAuthenticateOnceSafeAsync() is { Failure: not null };
        Response.Headers.WWWAuthenticate = rejected ? "Bearer error=\"invalid_token\"" : Bearer;
        await ProblemResult.ForStatus(StatusCodes.Status401Unauthorized).ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        ProblemResult.ForStatus(StatusCodes.Status403Forbidden).ExecuteAsync(Context);

    private AuthenticateResult Known(long id)
    {
        var identity = new ClaimsIdentity(Scheme.Name, Caller.IdClaim, ClaimTypes.Role);
        identity.AddClaim(new(Caller.IdClaim, id.ToString(CultureInfo.InvariantCulture)));
        if (operators.Ids.Contains(id))
            identity.AddClaim(new(ClaimTypes.Role, Operators.Policy));
        return AuthenticateResult.Success(new(new(identity), Scheme.Name));
    }
}

internal static class CallerRegistration
{
    public static void AddCallers(this IHostApplicationBuilder builder)
    {
        builder.Services.Configure<UserTeamTokenOptions>(builder.Configuration.GetSection("FeedBox:UserTeam"));
        builder.Services.AddHttpClient(UserTeamTokens.HttpClientName);
        builder.Services.AddSingleton<UserTeamTokens>();
        builder.Services.AddSingleton(Operators.From(builder));
        builder.Services.AddAuthentication(CallerAuthentication.Bearer)
            .AddScheme<AuthenticationSchemeOptions, CallerAuthentication>(CallerAuthentication.Bearer, null);
        builder.Services.AddAuthorizationBuilder().AddPolicy(Operators.Policy, policy => policy.RequireRole(Operators.Policy));
    }
}
