using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.AppHost.Tests;

/// <summary>Publish → inbox → search → coupon through HTTP, on servers that already run: ConnectionStrings__kafka|mysql|redis|mongo|elasticsearch.</summary>
public sealed class MainFlowTests
{
    private static readonly string[] Servers = ["kafka", "mysql", "redis", "mongo", "elasticsearch"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory, Trait("Capability", "F38")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_post_reaches_inbox_and_search_and_a_coupon_its_owner_also_with_each_consumer_in_a_process_of_its_own(bool apart)
    {
        var missing = Servers.Where(server => Environment.GetEnvironmentVariable($"ConnectionStrings__{server}") is null).ToList();
        Assert.SkipWhen(missing.Count > 0, $"Needs ConnectionStrings__{string.Join(", ConnectionStrings__", missing)}.");

        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.FeedBox_AppHost>(
            ["--Infra:Mode=external", "--Workers:Replicas=1", $"--Workers:Apart={apart}", "--Parameters:openai-key="]);
        await using var app = await builder.BuildAsync();
        await app.StartAsync();
        using var starting = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        string[] consumers = apart ? ["worker-caching", "worker-inspect", "worker-subscribing", "worker-indexing", "worker-coupon"] : [];
        foreach (var process in consumers.Concat(["workers", "api-write", "api-read"]))
            await app.ResourceNotifications.WaitForResourceHealthyAsync(process, starting.Token);
        using var reads = app.CreateHttpClient("api-read", "http");
        using var writes = app.CreateHttpClient("api-write", "http");

        // Both processes answer everything: what a process does not serve it hands on.
        await UntilAsync(() => SendAsync(reads, HttpMethod.Put, "/followings/11", user: 12), answer => answer.StatusCode == HttpStatusCode.NoContent);
        var word = $"파티션{Guid.NewGuid().ToString("N")[..8]}";
        var published = await SendAsync(writes, HttpMethod.Post, "/posts", user: 11,
            new { title = $"카프카 {word} 이야기", content = "컨슈머가 느려져 파티션을 늘리고 서버를 세 대로 늘렸더니 지연이 사라졌어요.", categoryId = 4 });
        Assert.Equal(HttpStatusCode.Created, published.StatusCode);
        var id = published.Body["id"]!.GetValue<Guid>();

        var inspection = await UntilAsync(() => SendAsync(reads, HttpMethod.Get, $"/posts/{id}/inspection", user: 11), answer => answer.Body["state"]?.GetValue<string>() != "pending");
        Assert.Equal("approved", inspection.Body["state"]!.GetValue<string>());
        await UntilAsync(() => SendAsync(reads, HttpMethod.Get, "/inbox?limit=100", user: 12), answer => HasPost(answer, id));
        await UntilAsync(() => SendAsync(reads, HttpMethod.Get, $"/search?q={Uri.EscapeDataString(word)}", user: 13), answer => HasPost(answer, id));

        var now = DateTimeOffset.UtcNow;
        var opened = await SendAsync(reads, HttpMethod.Post, "/coupon-events", user: 1,
            new { name = "20% 할인", limit = 3, opensAt = now.AddMinutes(-1), closesAt = now.AddHours(1) });
        Assert.Equal(HttpStatusCode.Created, opened.StatusCode);
        var couponEvent = opened.Body["id"]!.GetValue<Guid>();
        await UntilAsync(() => SendAsync(writes, HttpMethod.Post, $"/coupon-events/{couponEvent}/requests", user: 1001),
            answer => answer.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.Conflict);
        var answers = await Task.WhenAll(Enumerable.Range(1001, 10).Select(user =>
            SendAsync(user % 2 == 0 ? reads : writes, HttpMethod.Post, $"/coupon-events/{couponEvent}/requests", user)));
        Assert.Equal(2, answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        await UntilAsync(() => SendAsync(reads, HttpMethod.Get, "/coupons", user: 1001), answer =>
            answer.Body["items"]!.AsArray().Any(coupon => coupon!["eventId"]!.GetValue<Guid>() == couponEvent));

        var pipeline = await SendAsync(reads, HttpMethod.Get, "/ops/pipeline", user: 1);
        Assert.Equal(HttpStatusCode.OK, pipeline.StatusCode);

        // F37: the request above, as the process that got it and the one that answered it saw it.
        var entries = await UntilAsync(() => SendAsync(reads, HttpMethod.Get, "/ops/access-log?path=/ops/pipeline&limit=2", user: 1),
            answer => answer.StatusCode == HttpStatusCode.OK && answer.Body["items"]!.AsArray().Count == 2);
        Assert.Equal(["api-read", "workers"], entries.Body["items"]!.AsArray().Select(entry => entry!["service"]!.GetValue<string>()).Order());
        Assert.Single(entries.Body["items"]!.AsArray().Select(entry => entry!["traceId"]!.GetValue<string>()).Distinct());

        var commands = app.Services.GetRequiredService<ResourceCommandService>();
        var replayed = await commands.ExecuteCommandAsync("workers", "replay-dead-letters");
        Assert.True(replayed.Success, replayed.ErrorMessage);
        var seeded = await commands.ExecuteCommandAsync("api-read", "seed-demo");
        Assert.True(seeded.Success, seeded.ErrorMessage);
    }

    private sealed record Answer(HttpStatusCode StatusCode, JsonNode Body);

    private static bool HasPost(Answer answer, Guid id) => answer.StatusCode == HttpStatusCode.OK
        && answer.Body["items"]!.AsArray().Any(item => item!["post"]!["id"]!.GetValue<Guid>() == id);

    private static async Task<Answer> SendAsync(HttpClient client, HttpMethod method, string path, long user, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Headers = { { "X-User-Id", user.ToString() } } };
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new(response.StatusCode, text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!);
    }

    private static async Task<Answer> UntilAsync(Func<Task<Answer>> ask, Func<Answer, bool> enough)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (enough(answer))
                return answer;
            Assert.True(watch.Elapsed < Patience, $"Still {(int)answer.StatusCode} {JsonSerializer.Serialize(answer.Body)} after {Patience.TotalSeconds} s");
            await Task.Delay(100);
        }
    }
}
