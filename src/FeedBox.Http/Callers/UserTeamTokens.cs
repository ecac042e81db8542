using FeedBox.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace FeedBox.Http.Callers;

/// <summary>What a token of the user team looks like; shares its section with the client of the user team.</summary>
internal sealed record UserTeamTokenOptions
{
    public Uri? BaseAddress { get; init; }
    public string Issuer { get; init; } = "feedbox-user-team";
    public string Audience { get; init; } = "feedbox";
}

/// <summary>
/// Verifies tokens against the user team's published keys. The keys are asked for when a token names an unknown one, at most every 30 s,
/// and hourly so that a withdrawn key stops working.
/// </summary>
internal sealed partial class UserTeamTokens(
    IOptions<UserTeamTokenOptions> options, IHttpClientFactory http, TimeProvider time, ILogger<UserTeamTokens> logger)
{
    public const string HttpClientName = "user-team-keys";

    private static readonly TimeSpan BetweenRefreshes = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);
    private const int Attempts = 3;

    private sealed record Keys(IReadOnlyDictionary<string, SecurityKey> ById, DateTimeOffset FetchedAt);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly SemaphoreSlim _refreshing = new(1);
    private Keys? _keys;
    private DateTimeOffset _noRefreshBefore = DateTimeOffset.MinValue;

    /// <summary>The caller a token proves, or null.</summary>
    /// <exception cref="DependencyUnavailableException">No key was ever got, so nothing can be said of any token.</exception>
    public async Task<long?> ReadCallerAsync(string token, CancellationToken cancellationToken)
    {
        if (options.Value.BaseAddress is null || !_handler.CanReadToken(token))
            return null;
        string? keyId;
        try
        {
            keyId = _handler.ReadJsonWebToken(token).Kid;
        }
        catch (ArgumentException)
        {
            return null;
        }
        if (string.IsNullOrEmpty(keyId) || await FindKeyAsync(keyId, cancellationToken) is not { } key)
            return null;

        var result = await _handler.ValidateTokenAsync(token, new()
        {
            ValidIssuer = options.Value.Issuer,
            ValidAudience = options.Value.Audience,
            IssuerSigningKey = key,
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256],
            LifetimeValidator = (notBefore, expires, _, _) => IsAlive(notBefore, expires),
        });
        return result.IsValid && result.SecurityToken is JsonWebToken { Subject: { } subject } && Caller.TryParse(subject, out var caller)
            ? caller
            : null;
    }

    private bool IsAlive(DateTime? notBefore, DateTime? expires)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return expires is { } end && now < end + ClockSkew && !(notBefore is { } start && now < start - ClockSkew);
    }

    private async Task<SecurityKey?> FindKeyAsync(string id, CancellationToken cancellationToken)
    {
        if (NeedsRefresh(id))
        {
            await _refreshing.WaitAsync(cancellationToken);
            try
            {
                if (NeedsRefresh(id) && time.GetUtcNow() >= _noRefreshBefore)
                    await RefreshAsync(cancellationToken);
            }
            finally
            {
                _refreshing.Release();
            }
        }
        var keys = _keys ?? throw new DependencyUnavailableException("user-team", AfterFailure);
        return keys.ById.GetValueOrDefault(id);
    }

    private bool NeedsRefresh(string id) =>
        _keys is not { } keys || !keys.ById.ContainsKey(id) || time.GetUtcNow() - keys.FetchedAt > MaxAge;

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var address = new Uri(options.Value.BaseAddress!, ".well-known/jwks.json");
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                stop.CancelAfter(AttemptTimeout);
                using var client = http.CreateClient(HttpClientName);
                var set = new JsonWebKeySet(await client.GetStringAsync(address, stop.Token));
                var byId = set.GetSigningKeys().Where(key => !string.IsNullOrEmpty(key.KeyId)).DistinctBy(key => key.KeyId).ToDictionary(key => key.KeyId);
                _keys = new(byId, time.GetUtcNow());
                _noRefreshBefore = time.GetUtcNow() + BetweenRefreshes;
                return;
            }
            catch (Exception e) when (e is HttpRequestException or ArgumentException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                LogRefreshFailed(attempt, e);
            }
        }
        _noRefreshBefore = time.GetUtcNow() + AfterFailure;
    }

    [LoggerMessage(LogLevel.Warning, "The keys of the user team could not be read, attempt {Attempt}")]
    private partial void LogRefreshFailed(int attempt, Exception exception);
}
