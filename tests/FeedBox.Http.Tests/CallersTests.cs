using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace FeedBox.Http.Tests;

public sealed class CallersTests
{
    [Fact, Trait("Weakness", "H29")]
    public async Task H29_every_endpoint_but_the_page_and_the_status_refuses_a_request_without_a_caller()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var endpoints = host.Endpoints();

        foreach (var (method, path, _) in endpoints.Where(endpoint => endpoint.NeedsCaller))
        {
            var id = path.StartsWith("/followings", StringComparison.Ordinal) ? "1" : Guid.Empty.ToString();
            var answer = (await host.SendAsync(method, path.Replace("{id}", id), caller: null, body: null)).IsProblem(401, "unauthenticated");
            Assert.Equal("Bearer", answer.Header("WWW-Authenticate"));
        }
        Assert.True(endpoints.Count(endpoint => endpoint.NeedsCaller) >= 16);
        Assert.Equal(
            ["/", "/about", "/alive", "/app.css", "/app.js", "/coupons.js", "/health", "/icon.svg", "/openapi/v1.json", "/reference", "/reference.js"],
            endpoints.Where(endpoint => !endpoint.NeedsCaller).Select(endpoint => endpoint.Path).Order(StringComparer.Ordinal));
    }

    [Theory, Trait("Weakness", "H29")]
    [InlineData("X-User-Id", "0")]
    [InlineData("X-User-Id", "-1")]
    [InlineData("X-User-Id", "abc")]
    [InlineData("X-User-Id", "1 OR 1=1")]
    [InlineData("X-User-Id", "99999999999999999999")]
    [InlineData("X-User-Id", "")]
    [InlineData("Authorization", "Bearer")]
    [InlineData("Authorization", "Bearer x.y.z")]
    [InlineData("Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")]
    [InlineData("Authorization", "Basic dXNlcjpwdw==")]
    public async Task H29_a_caller_that_proves_nothing_is_refused(string header, string value)
    {
        await using var host = await FeedBoxHost.StartAsync();
        (await host.GetAsync("/inbox", null, (header, value))).IsProblem(401, "unauthenticated");
    }

    [Fact, Trait("Weakness", "H29")]
    public async Task H29_only_the_author_changes_a_post_and_bodies_cannot_claim_an_author()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishApprovedAsync(1);
        var draft = new { title = "탈취", content = "내용", categoryId = 1, authorId = 1, userId = 1 };

        (await host.SendAsync("PUT", $"/posts/{id}", 2, draft, ("If-Match", "*"))).IsProblem(403, "not-the-author");
        (await host.SendAsync("DELETE", $"/posts/{id}", 2)).IsProblem(403, "not-the-author");
        var pending = await host.PublishAsync(1);
        (await host.SendAsync("DELETE", $"/posts/{pending}", 2)).IsProblem(404, "post-not-found");
    }

    [Fact, Trait("Weakness", "H29")]
    public async Task H29_the_user_id_header_counts_in_development_only()
    {
        await using var host = await FeedBoxHost.StartAsync("Production");
        (await host.GetAsync("/inbox", caller: 1)).IsProblem(401, "unauthenticated");
    }

    [Fact]
    public async Task Operators_are_who_the_configuration_says_and_user_1_in_development()
    {
        await using (var host = await FeedBoxHost.StartAsync())
        {
            Assert.Equal(200, (await host.GetAsync("/ops/pipeline", 1)).Status);
            (await host.GetAsync("/ops/pipeline", 2)).IsProblem(403, "operators-only");
        }
        await using (var host = await FeedBoxHost.StartAsync(settings: [("FeedBox:Operators:0", "7"), ("FeedBox:Operators:1", "8")]))
        {
            Assert.Equal(200, (await host.GetAsync("/ops/pipeline", 8)).Status);
            (await host.GetAsync("/ops/pipeline", 1)).IsProblem(403, "operators-only");
        }
    }

    [Fact, Trait("Weakness", "H29")]
    public async Task H29_a_token_of_the_user_team_names_the_caller()
    {
        await using var keys = await KeyServer.StartAsync();
        await using var host = await StartAsync(keys);

        var mine = await host.SendAsync("POST", "/posts", null, new { title = "제목", content = "내용", categoryId = 1 }, Bearer(keys.Token(host, "42")));

        Assert.Equal(201, mine.Status);
        Assert.Equal(42, (await host.Posts.FindAsync(mine.Body.GetProperty("id").GetGuid(), default))!.AuthorId);
    }

    [Fact, Trait("Weakness", "H29")]
    public async Task H29_a_token_that_is_forged_expired_or_for_others_is_refused()
    {
        await using var keys = await KeyServer.StartAsync();
        await using var stranger = await KeyServer.StartAsync();
        await using var host = await StartAsync(keys);
        string[] tokens =
        [
            stranger.Token(host, "1"),
            stranger.Token(host, "1", keyId: keys.KeyId),
            keys.Token(host, "1", issuer: "somebody"),
            keys.Token(host, "1", audience: "somewhere"),
            keys.Token(host, "1", validFor: TimeSpan.FromMinutes(-10)),
            keys.Token(host, "not-a-number"),
            keys.Token(host, "-1"),
            keys.SymmetricToken(host, "1"),
            keys.Token(host, "1")[..^4] + "AAAA",
        ];
        foreach (var token in tokens)
        {
            var answer = (await host.GetAsync("/inbox", null, Bearer(token))).IsProblem(401, "unauthenticated");
            Assert.Equal("Bearer error=\"invalid_token\"", answer.Header("WWW-Authenticate"));
        }
        Assert.Equal(200, (await host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1")))).Status);
        host.Time.Advance(TimeSpan.FromMinutes(10));
        (await host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1", validFor: TimeSpan.FromMinutes(-5))))).IsProblem(401, "unauthenticated");
    }

    [Fact]
    public async Task Keys_are_fetched_once_and_for_an_unknown_key_at_most_every_30_seconds()
    {
        await using var keys = await KeyServer.StartAsync();
        await using var host = await StartAsync(keys);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1")))));
        Assert.Equal(1, keys.Requests);

        keys.Rotate();
        (await host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1")))).IsProblem(401, "unauthenticated");
        Assert.Equal(1, keys.Requests);

        host.Time.Advance(TimeSpan.FromSeconds(31));
        for (var i = 0; i < 5; i++)
            Assert.Equal(200, (await host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1")))).Status);
        Assert.Equal(2, keys.Requests);
    }

    [Fact]
    public async Task While_no_key_was_ever_got_a_token_is_neither_believed_nor_blamed()
    {
        await using var keys = await KeyServer.StartAsync();
        await using var host = await StartAsync(keys);
        keys.Fails = true;
        var answer = (await host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1")))).IsProblem(503, "dependency-unavailable");
        Assert.NotNull(answer.Header("Retry-After"));

        keys.Fails = false;
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(200, (await host.GetAsync("/inbox", null, Bearer(keys.Token(host, "1")))).Status);
    }

    private static (string, string) Bearer(string token) => ("Authorization", $"Bearer {token}");

    private static Task<FeedBoxHost> StartAsync(KeyServer keys) =>
        FeedBoxHost.StartAsync("Production", [("FeedBox:UserTeam:BaseAddress", keys.Address)]);

    /// <summary>The user team's published keys, and the private halves.</summary>
    private sealed class KeyServer : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private RsaSecurityKey _key = NewKey();
        private int _requests;

        public bool Fails { get; set; }
        public int Requests => _requests;
        public string KeyId => _key.KeyId;
        public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        private KeyServer()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            _app = builder.Build();
            _app.MapGet("/.well-known/jwks.json", () =>
            {
                Interlocked.Increment(ref _requests);
                if (Fails)
                    return Results.StatusCode(500);
                var parameters = _key.Rsa.ExportParameters(false);
                return Results.Json(new
                {
                    keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = _key.KeyId, n = Base64UrlEncoder.Encode(parameters.Modulus), e = Base64UrlEncoder.Encode(parameters.Exponent) } },
                });
            });
        }

        public static async Task<KeyServer> StartAsync()
        {
            var server = new KeyServer();
            await server._app.StartAsync();
            return server;
        }

        public void Rotate() => _key = NewKey();

        public string Token(
            FeedBoxHost host, string subject, string issuer = "feedbox-user-team", string audience = "feedbox", TimeSpan? validFor = null, string? keyId = null) =>
            Sign(host, subject, issuer, audience, validFor ?? TimeSpan.FromHours(1),
                new(new RsaSecurityKey(_key.Rsa) { KeyId = keyId ?? _key.KeyId }, SecurityAlgorithms.RsaSha256));

        /// <summary>The public key misused as an HMAC secret.</summary>
        public string SymmetricToken(FeedBoxHost host, string subject) => Sign(
            host, subject, "feedbox-user-team", "feedbox", TimeSpan.FromHours(1),
            new(new SymmetricSecurityKey(_key.Rsa.ExportSubjectPublicKeyInfo()) { KeyId = _key.KeyId }, SecurityAlgorithms.HmacSha256));

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private static string Sign(FeedBoxHost host, string subject, string issuer, string audience, TimeSpan validFor, SigningCredentials credentials)
        {
            var end = host.Time.GetUtcNow().UtcDateTime + validFor;
            return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                Subject = new ClaimsIdentity([new Claim("sub", subject)]),
                Issuer = issuer,
                Audience = audience,
                IssuedAt = end.AddHours(-2),
                NotBefore = end.AddHours(-2),
                Expires = end,
                SigningCredentials = credentials,
            });
        }

        private static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString() };
    }
}
