using System.Net;
using System.Net.Sockets;
using System.Text;
using FeedBox.Core;
using FeedBox.Testing;
using Microsoft.AspNetCore.Builder;

namespace FeedBox.Http.Tests;

public sealed class ProblemsTests
{
    [Theory]
    [InlineData("{", "malformed-json")]
    [InlineData("", "invalid-request")]
    [InlineData("null", "invalid-request")]
    [InlineData("[]", "invalid-json-value")]
    [InlineData("\"text\"", "invalid-json-value")]
    [InlineData("{\"title\":5}", "invalid-json-value")]
    [InlineData("{\"title\":\"a\",\"content\":\"b\",\"categoryId\":\"1\"}", "invalid-json-value")]
    [InlineData("{\"title\":\"a\",\"content\":\"b\",\"categoryId\":1.5}", "invalid-json-value")]
    [InlineData("{\"title\":\"a\",\"content\":\"b\",\"categoryId\":99999999999999999999}", "invalid-json-value")]
    [InlineData("{\"title\":\"\\ud800\",\"content\":\"b\",\"categoryId\":1}", "invalid-json-value")]
    [InlineData("{\"title\":\"a\",\"content\":\"b\",\"categoryId\":-1}", "category-required")]
    [InlineData("{\"title\":\"a\",\"content\":\"b\"}", "category-required")]
    [InlineData("{}", "title-required")]
    [InlineData("{\"title\":\"  \",\"content\":\"b\",\"categoryId\":1}", "title-required")]
    [InlineData("{\"title\":\"a\\u0000\",\"content\":\"b\",\"categoryId\":1}", "title-invalid-text")]
    [InlineData("{\"title\":\"a\",\"content\":null,\"categoryId\":1}", "content-required")]
    [InlineData("{\"title\":\"a\",}", "malformed-json")]
    public async Task A_bad_body_is_refused_with_its_code(string body, string code)
    {
        await using var host = await FeedBoxHost.StartAsync();
        (await host.SendAsync("POST", "/posts", 1, body)).IsProblem(400, code);
        Assert.Empty(host.Posts.Outbox);
    }

    [Fact]
    public async Task Lengths_are_checked_at_their_limits()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.PublishAsync(1, new string('가', 100), new string('나', 5000));
        (await host.SendAsync("POST", "/posts", 1, new { title = new string('가', 101), content = "b", categoryId = 1 })).IsProblem(400, "title-too-long");
        (await host.SendAsync("POST", "/posts", 1, new { title = "a", content = new string('나', 5001), categoryId = 1 })).IsProblem(400, "content-too-long");
    }

    [Fact]
    public async Task A_body_over_64_KB_is_refused_whether_it_says_its_length_or_not()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var body = $"{{\"title\":\"{new string('a', 1024 * 1024)}\",\"content\":\"b\",\"categoryId\":1}}";
        (await host.SendAsync("POST", "/posts", 1, body)).IsProblem(413, "body-too-large");
        (await host.SendAsync("POST", "/posts", 1, body, ("Idempotency-Key", "k"))).IsProblem(413, "body-too-large");
        (await host.SendAsync("POST", "/posts", 1, body, ("Transfer-Encoding", "chunked"))).IsProblem(413, "body-too-large");
        (await host.SendAsync("POST", "/posts", 1, body, ("Transfer-Encoding", "chunked"), ("Idempotency-Key", "k"))).IsProblem(413, "body-too-large");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=nonsense")]
    [InlineData("application/json; charset=utf-7")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task A_body_that_is_not_json_in_a_known_charset_is_refused(string? type)
    {
        await using var host = await FeedBoxHost.StartAsync();
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes("{\"title\":\"a\",\"content\":\"b\",\"categoryId\":1}"));
        if (type is not null)
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        (await host.SendAsync("POST", "/posts", 1, content)).IsProblem(415, "unsupported-media-type");
    }

    [Fact]
    public async Task Unknown_addresses_and_methods_are_problems_whatever_is_accepted()
    {
        await using var host = await FeedBoxHost.StartAsync();
        foreach (var accept in new[] { "*/*", "text/html", "image/png", "nonsense" })
        {
            (await host.GetAsync("/nowhere", 1, ("Accept", accept))).IsProblem(404, "not-found");
            (await host.GetAsync("/posts/not-a-guid", 1, ("Accept", accept))).IsProblem(404, "not-found");
            (await host.GetAsync("/search?limit=0", 1, ("Accept", accept))).IsProblem(400, "invalid-limit");
            var wrong = (await host.SendAsync("PATCH", "/posts", 1, null, ("Accept", accept))).IsProblem(405, "method-not-allowed");
            Assert.Equal("POST", wrong.Header("Allow"));
        }
    }

    [Fact]
    public async Task Failures_say_nothing_of_their_cause()
    {
        await using var host = await FeedBoxHost.StartAsync(map: app =>
        {
            app.MapGet("/fails", string () => throw new InvalidOperationException("secret"));
            app.MapGet("/waits", string () => throw new DependencyUnavailableException("secret", TimeSpan.FromSeconds(4.2)));
            app.MapGet("/fails-to-ask", string () => throw new HttpRequestException("secret"));
        });

        var failed = (await host.GetAsync("/fails")).IsProblem(500, "internal-error");
        var unavailable = (await host.GetAsync("/waits")).IsProblem(503, "dependency-unavailable");
        var failedCall = (await host.GetAsync("/fails-to-ask")).IsProblem(503, "dependency-unavailable");

        Assert.All([failed, unavailable, failedCall], answer => Assert.DoesNotContain("secret", answer.Text));
        Assert.Equal("5", unavailable.Header("Retry-After"));
        Assert.Equal("nosniff", failed.Header("X-Content-Type-Options"));
    }

    [Fact]
    public async Task Every_refusal_of_a_domain_kind_has_its_status()
    {
        await using var host = await FeedBoxHost.StartAsync(map: app => app.MapGet("/refuse/{kind}", string (ProblemKind kind) => throw new FeedBoxException(kind, "some-code", "Why.")));
        foreach (var (kind, status) in new[]
        {
            (ProblemKind.Invalid, 400), (ProblemKind.Unauthenticated, 401), (ProblemKind.Forbidden, 403), (ProblemKind.NotFound, 404),
            (ProblemKind.Conflict, 409), (ProblemKind.Gone, 410), (ProblemKind.PreconditionFailed, 412), (ProblemKind.PreconditionRequired, 428),
            (ProblemKind.TooLarge, 413), (ProblemKind.Unavailable, 503),
        })
            (await host.GetAsync($"/refuse/{kind}")).IsProblem(status, "some-code");
        Assert.Equal(10, Enum.GetValues<ProblemKind>().Length);
    }

    [Fact]
    public async Task What_is_not_http_gets_400_and_the_server_lives_on()
    {
        await using var host = await FeedBoxHost.StartAsync();
        foreach (var garbage in new[] { "\0\0\0\0\r\n\r\n", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n" })
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync(IPAddress.Loopback, host.Client.BaseAddress!.Port);
            await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(garbage));
            using var reader = new StreamReader(socket.GetStream());
            Assert.Matches("^HTTP/1.1 (400|505) ", await reader.ReadLineAsync().WaitAsync(Eventually.Patience));
        }
        Assert.Equal(200, (await host.GetAsync("/alive")).Status);
    }

    [Fact]
    public async Task Health_and_life_are_told_without_a_caller()
    {
        await using var host = await FeedBoxHost.StartAsync();
        Assert.Equal("healthy", (await host.GetAsync("/health")).Body.GetProperty("status").GetString());
        Assert.Equal("healthy", (await host.GetAsync("/alive")).Body.GetProperty("status").GetString());
        Assert.Equal("standalone", (await host.GetAsync("/about")).Body.GetProperty("edition").GetString());
    }
}
