using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using FeedBox.UserTeamMock;
using Microsoft.AspNetCore.Builder;

namespace FeedBox.UserTeam.Tests;

public sealed class MockTests : IAsyncLifetime
{
    private WebApplication _mock = null!;
    private HttpClient _http = null!;

    public ValueTask InitializeAsync() => StartAsync(new() { Failures = 0 });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _mock.DisposeAsync();
    }

    [Fact]
    public async Task It_answers_as_the_user_team_does()
    {
        var user = await _http.GetFromJsonAsync<JsonObject>("users/1");
        Assert.Equal("""{"id":1,"email":"seoyeon.kim@example.com","name":"김서연"}""", user!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.Equal(["건강", "공부", "경제"], (await _http.GetFromJsonAsync<CategoryAnswer[]>("categories"))!.Take(3).Select(category => category.Name));
        Assert.Equal("경제", (await _http.GetFromJsonAsync<CategoryAnswer>("categories/3"))!.Name);
        Assert.Equal([2, 1], (await _http.GetFromJsonAsync<UserAnswer[]>("users?ids=2,1,2,99"))!.Select(answer => answer.Id));
        Assert.Equal(15, (await _http.GetFromJsonAsync<UserAnswer[]>("users"))!.Length);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("users/16")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("categories/9")).StatusCode);
    }

    [Fact]
    public async Task Everyone_follows_several_others_and_both_directions_agree()
    {
        for (var id = 1L; id <= 15; id++)
        {
            var followings = await _http.GetFromJsonAsync<long[]>($"followings?followerId={id}");
            Assert.InRange(followings!.Length, 3, 14);
            Assert.DoesNotContain(id, followings);
            foreach (var following in followings)
                Assert.Contains(id, (await _http.GetFromJsonAsync<long[]>($"followers?followingId={following}"))!);
        }
    }

    [Fact]
    public async Task A_follower_that_stays_is_on_exactly_one_page_whoever_comes_and_goes()
    {
        await StartAsync(new() { Failures = 0, Users = 500 });
        var everyone = await _http.GetFromJsonAsync<long[]>("followers?followingId=1");
        Assert.True(everyone!.Length > 480);
        var seen = new List<long>();
        string? cursor = null;
        do
        {
            var page = await _http.GetFromJsonAsync<FollowerPage>($"followers?followingId=1&limit=50{(cursor is null ? "" : $"&cursor={cursor}")}");
            seen.AddRange(page!.Items);
            cursor = page.Next;
            await _http.DeleteAsync($"followings/{page.Items[0]}/1");
            await _http.DeleteAsync($"followings/{page.Items[^1]}/1");
        } while (cursor is not null);
        Assert.Equal(everyone, seen);
    }

    [Fact]
    public async Task The_same_seed_fails_the_same_calls()
    {
        async Task<string> FailuresAsync(ulong seed)
        {
            await StartAsync(new() { Failures = 0.2, Delay = TimeSpan.Zero, Seed = seed });
            var failed = new StringBuilder();
            for (var i = 0; i < 200; i++)
                failed.Append((await _http.GetAsync("users/1")).IsSuccessStatusCode ? '.' : 'x');
            return failed.ToString();
        }
        var first = await FailuresAsync(3);
        Assert.Equal(first, await FailuresAsync(3));
        Assert.NotEqual(first, await FailuresAsync(4));
        Assert.InRange(first.Count(c => c == 'x'), 25, 55);
    }

    [Fact]
    public async Task It_is_controlled_and_counts_its_calls()
    {
        var state = await ControlAsync(new(Failures: 1, DelayMilliseconds: 0, LatencyMilliseconds: null, Down: null));
        Assert.Equal(1, state.Failures);
        Assert.Equal(HttpStatusCode.InternalServerError, (await _http.GetAsync("users/1")).StatusCode);
        await ControlAsync(new(null, null, null, Down: true));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await _http.GetAsync("users/2")).StatusCode);
        Assert.Equal("alive", await _http.GetStringAsync("alive"));
        state = await ControlAsync(new(0, null, null, Down: false));
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("users/3")).StatusCode);
        state = (await _http.GetFromJsonAsync<ControlAnswer>("control"))!;
        Assert.Equal(3, state.Calls["GET /users/{id}"]);
        Assert.Equal(2, state.Failed["GET /users/{id}"]);
    }

    [Fact]
    public async Task A_token_verifies_against_the_published_key()
    {
        var answer = await _http.PostAsJsonAsync("tokens", new TokenRequest(3));
        var token = (await answer.Content.ReadFromJsonAsync<TokenAnswer>())!.Token;
        var key = (await _http.GetFromJsonAsync<JsonObject>(".well-known/jwks.json"))!["keys"]![0]!;
        var parts = token.Split('.');
        var claims = JsonNode.Parse(Decode(parts[1]))!;
        Assert.Equal(("feedbox-user-team", "feedbox", "3"), ((string)claims["iss"]!, (string)claims["aud"]!, (string)claims["sub"]!));
        Assert.Equal(3600, (long)claims["exp"]! - (long)claims["iat"]!);
        Assert.Equal((string)key["kid"]!, (string)JsonNode.Parse(Decode(parts[0]))!["kid"]!);
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new() { X = Decode((string)key["x"]!), Y = Decode((string)key["y"]!) },
        });
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Decode(parts[2]), HashAlgorithmName.SHA256));
        Assert.Equal(HttpStatusCode.NotFound, (await _http.PostAsJsonAsync("tokens", new TokenRequest(99))).StatusCode);

        static byte[] Decode(string text) => System.Buffers.Text.Base64Url.DecodeFromChars(text);
    }

    [Theory]
    [InlineData("users?ids=1,x")]
    [InlineData("users?ids=,")]
    [InlineData("followers")]
    [InlineData("followers?followingId=1&limit=0")]
    [InlineData("followers?followingId=1&limit=99999")]
    [InlineData("followers?followingId=1&limit=5&cursor=zz")]
    [InlineData("followings?followerId=abc")]
    public async Task Nonsense_is_refused(string path) => Assert.Equal(HttpStatusCode.BadRequest, (await _http.GetAsync(path)).StatusCode);

    private async Task<ControlAnswer> ControlAsync(ControlRequest change) =>
        (await (await _http.PutAsJsonAsync("control", change)).Content.ReadFromJsonAsync<ControlAnswer>())!;

    private async ValueTask StartAsync(UserTeamMockOptions options)
    {
        if (_mock is not null)
            await DisposeAsync();
        _mock = UserTeamMockApp.Create(options, "http://127.0.0.1:0");
        await _mock.StartAsync();
        _http = new() { BaseAddress = new(_mock.Urls.Single()) };
    }
}
