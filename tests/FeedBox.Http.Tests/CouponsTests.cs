using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Http.Tests;

public sealed class CouponsTests
{
    private const long Operator = 1;

    [Fact]
    public async Task An_operator_opens_an_event_and_everybody_sees_it()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var now = host.Time.GetUtcNow();

        var opened = await host.SendAsync("POST", "/coupon-events", Operator, new { name = "봄맞이 20% 할인", limit = 3, opensAt = now, closesAt = now.AddHours(1) });

        Assert.Equal(201, opened.Status);
        var id = opened.Body.GetProperty("id").GetGuid();
        Assert.Equal($"/coupon-events/{id}", opened.Header("Location"));
        var seen = (await host.GetAsync($"/coupon-events/{id}", 7)).Body;
        Assert.Equal(("봄맞이 20% 할인", 3), (seen.GetProperty("name").GetString(), seen.GetProperty("limit").GetInt32()));
        Assert.Equal((now, now.AddHours(1)), (seen.GetProperty("opensAt").GetDateTimeOffset(), seen.GetProperty("closesAt").GetDateTimeOffset()));
        await Eventually.TrueAsync(() => Counts(host.GetAsync($"/coupon-events/{id}", 7).Result.Body) == (0, 3), "the gate is ready before anybody asks");
        (await host.GetAsync($"/coupon-events/{Guid.CreateVersion7()}", 7)).IsProblem(404, "coupon-event-not-found");
    }

    [Fact]
    public async Task Who_is_no_operator_opens_nothing()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var draft = new { name = "이벤트", closesAt = host.Time.GetUtcNow().AddHours(1) };

        (await host.SendAsync("POST", "/coupon-events", 7, draft)).IsProblem(403, "operators-only");
        (await host.SendAsync("POST", "/coupon-events", null, draft)).IsProblem(401, "unauthenticated");
        Assert.Empty((await host.GetAsync("/coupon-events", 7)).Items);
    }

    [Theory]
    [InlineData("""{"closesAt":"2030-01-01T00:00:00Z"}""", "name-required")]
    [InlineData("""{"name":"이벤트"}""", "closesAt-required")]
    [InlineData("""{"name":"이벤트","limit":0,"closesAt":"2030-01-01T00:00:00Z"}""", "limit-out-of-range")]
    [InlineData("""{"name":"이벤트","opensAt":"2030-01-01T00:00:00Z","closesAt":"2029-01-01T00:00:00Z"}""", "closesAt-too-early")]
    [InlineData("""{"name":"이벤트","closesAt":"2020-01-01T00:00:00Z"}""", "closesAt-too-early")]
    [InlineData("""{"name":"이벤트","closesAt":"언젠가"}""", "invalid-json-value")]
    [InlineData("""{"name":"이벤트","limit":1.5,"closesAt":"2030-01-01T00:00:00Z"}""", "invalid-json-value")]
    [InlineData("""{"name":""", "malformed-json")]
    public async Task A_draft_that_makes_no_sense_is_refused(string body, string code)
    {
        await using var host = await FeedBoxHost.StartAsync();
        (await host.SendAsync("POST", "/coupon-events", Operator, body)).IsProblem(400, code);
    }

    [Fact]
    public async Task Events_are_listed_newest_first_with_their_counts_page_by_page()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
            ids.Add(await OpenAsync(host, limit: 5));
        ids.Reverse();
        await host.SendAsync("POST", $"/coupon-events/{ids[0]}/requests", 7);

        var first = await host.GetAsync("/coupon-events?limit=2", 7);
        Assert.Equal(ids[..2], first.Items.Select(item => item.GetProperty("id").GetGuid()));
        Assert.Equal((1, 4), Counts(first.Items[0]));
        var second = await host.GetAsync($"/coupon-events?limit=2&cursor={first.Next}", 7);
        Assert.Equal(ids[2..], second.Items.Select(item => item.GetProperty("id").GetGuid()));
        Assert.Null(second.Next);
        (await host.GetAsync("/coupon-events?cursor=x", 7)).IsProblem(400, "invalid-cursor");
    }

    [Fact, Trait("Weakness", "H35")]
    public async Task H35_each_outcome_of_a_request_has_its_own_answer_and_keeps_it()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await OpenAsync(host, limit: 2);

        var accepted = await AskAsync(host, id, 7);
        Assert.Equal((202, "accepted"), (accepted.Status, accepted.Body.GetProperty("status").GetString()));
        (await AskAsync(host, id, 7)).IsProblem(409, "already-requested");
        Assert.Equal(202, (await AskAsync(host, id, 8)).Status);
        for (var i = 0; i < 3; i++)
        {
            (await AskAsync(host, id, 9)).IsProblem(409, "sold-out");
            (await AskAsync(host, id, 7)).IsProblem(409, "already-requested");
        }
        Assert.Equal((2, 0), Counts((await host.GetAsync($"/coupon-events/{id}", 9)).Body));
        (await AskAsync(host, Guid.CreateVersion7(), 7)).IsProblem(404, "coupon-event-not-found");
        (await host.SendAsync("POST", "/coupon-events/x/requests", 7)).IsProblem(404, "not-found");
        (await host.SendAsync("POST", $"/coupon-events/{id}/requests", null)).IsProblem(401, "unauthenticated");
    }

    [Fact, Trait("Weakness", "H34")]
    public async Task H34_an_event_that_has_not_begun_or_is_over_gives_nothing()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await OpenAsync(host, limit: 2, opensIn: TimeSpan.FromMinutes(5));

        (await AskAsync(host, id, 7)).IsProblem(403, "not-open");
        host.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(202, (await AskAsync(host, id, 7)).Status);
        host.Time.Advance(TimeSpan.FromHours(1));
        (await AskAsync(host, id, 7)).IsProblem(410, "closed");
    }

    [Fact]
    public async Task A_request_with_a_key_hears_its_first_answer_again()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await OpenAsync(host, limit: 1);

        var first = await AskAsync(host, id, 7, ("Idempotency-Key", "one"));
        var again = await AskAsync(host, id, 7, ("Idempotency-Key", "one"));
        Assert.Equal((202, 202), (first.Status, again.Status));
        Assert.Equal(first.Bytes, again.Bytes);
        Assert.Equal("true", again.Header("Idempotency-Replayed"));

        var refused = (await AskAsync(host, id, 8, ("Idempotency-Key", "two"))).IsProblem(409, "sold-out");
        Assert.Equal(refused.Bytes, (await AskAsync(host, id, 8, ("Idempotency-Key", "two"))).Bytes);
    }

    [Fact]
    public async Task Opening_with_a_key_opens_one_event()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var draft = new { name = "이벤트", closesAt = host.Time.GetUtcNow().AddHours(1) };
        for (var i = 0; i < 2; i++)
            Assert.Equal(201, (await host.SendAsync("POST", "/coupon-events", Operator, draft, ("Idempotency-Key", "open"))).Status);
        Assert.Single((await host.GetAsync("/coupon-events", 7)).Items);
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_while_the_gate_is_rebuilt_requests_are_told_when_to_come_back()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await OpenAsync(host, limit: 2);
        Assert.Equal(202, (await AskAsync(host, id, 7)).Status);
        await using var restarted = await FeedBoxHost.StartAsync(services: services =>
        {
            services.AddSingleton<ICouponStore>(host.Coupons);
            services.AddSingleton(host.Services.GetRequiredService<IEventLog>());
        });

        restarted.Time.Advance(host.Time.GetUtcNow() - restarted.Time.GetUtcNow()); // not before the event opened

        // The writer has not caught up: the coupon of user 7 is on the log only.
        var waiting = AskAsync(restarted, id, 8);
        await Eventually.TrueAsync(() => waiting.IsCompleted, restarted.Time, TimeSpan.FromMilliseconds(100), "an answer");
        var answer = (await waiting).IsProblem(503, "dependency-unavailable");
        Assert.True(int.Parse(answer.Header("Retry-After")!) >= 1);
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_a_log_that_takes_nothing_is_a_503_and_the_place_is_kept()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await OpenAsync(host, limit: 2);
        Assert.Equal(202, (await AskAsync(host, id, 9)).Status);
        var log = (MemoryEventLog)host.Services.GetRequiredService<IEventLog>();
        log.OnAppend = (_, _) => throw new IOException("the disk is full");

        (await AskAsync(host, id, 7)).IsProblem(503, "dependency-unavailable");
        (await AskAsync(host, id, 8)).IsProblem(409, "sold-out");
        log.OnAppend = null;
        Assert.Equal(202, (await AskAsync(host, id, 7)).Status);
    }

    [Fact]
    public async Task Usable_coupons_are_listed_and_used_once()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await IssuedAsync(host, user: 7);

        var coupon = Assert.Single((await host.GetAsync("/coupons", 7)).Items);
        Assert.Equal((id, "선착순"), (coupon.GetProperty("id").GetGuid(), coupon.GetProperty("eventName").GetString()));
        Assert.Empty((await host.GetAsync("/coupons", 8)).Items);

        (await host.SendAsync("POST", $"/coupons/{id}/use", 8)).IsProblem(404, "coupon-not-found");
        var used = await host.SendAsync("POST", $"/coupons/{id}/use", 7);
        Assert.Equal((200, id), (used.Status, used.Body.GetProperty("id").GetGuid()));
        (await host.SendAsync("POST", $"/coupons/{id}/use", 7)).IsProblem(409, "already-used");
        Assert.Empty((await host.GetAsync("/coupons", 7)).Items);
    }

    [Fact]
    public async Task An_expired_coupon_is_neither_listed_nor_used()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await IssuedAsync(host, user: 7);
        host.Time.Advance(TimeSpan.FromHours(2));

        Assert.Empty((await host.GetAsync("/coupons", 7)).Items);
        (await host.SendAsync("POST", $"/coupons/{id}/use", 7)).IsProblem(410, "expired");
    }

    [Fact]
    public async Task Coupons_are_listed_newest_first_page_by_page()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
            ids.Add(await IssuedAsync(host, user: 7));
        ids.Reverse();

        var first = await host.GetAsync("/coupons?limit=2", 7);
        Assert.Equal(ids[..2], first.Items.Select(item => item.GetProperty("id").GetGuid()));
        Assert.Equal(ids[2..], (await host.GetAsync($"/coupons?limit=2&cursor={first.Next}", 7)).Items.Select(item => item.GetProperty("id").GetGuid()));
    }

    [Fact]
    public async Task A_stampede_over_http_accepts_exactly_the_limit_and_the_rate_limit_refuses_nobody()
    {
        await using var host = await FeedBoxHost.StartAsync(settings: [("FeedBox:RateLimits:Enabled", "true")]);
        var id = await OpenAsync(host, limit: 100);
        var answers = new Answer[2_000];
        await Parallel.ForAsync(0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) => answers[i] = await AskAsync(host, id, 10 + i % 1_000));

        Assert.Equal(100, answers.Count(answer => answer.Status == 202));
        var refusals = answers.Where(answer => answer.Status != 202).CountBy(answer => answer.IsProblem().Body.GetProperty("code").GetString()!).ToDictionary();
        Assert.Equal(new Dictionary<string, int> { ["already-requested"] = 100, ["sold-out"] = 1_800 }, refusals);
    }

    private static Task<Answer> AskAsync(FeedBoxHost host, Guid id, long user, params (string, string)[] headers) =>
        host.SendAsync("POST", $"/coupon-events/{id}/requests", user, (object?)null, headers);

    private static async Task<Guid> OpenAsync(FeedBoxHost host, int limit, TimeSpan opensIn = default)
    {
        host.Time.Advance(TimeSpan.FromMilliseconds(5));
        var opensAt = host.Time.GetUtcNow() + opensIn;
        var answer = await host.SendAsync("POST", "/coupon-events", Operator, new { name = "선착순", limit, opensAt, closesAt = opensAt.AddHours(1) });
        Assert.Equal(201, answer.Status);
        return answer.Body.GetProperty("id").GetGuid();
    }

    /// <summary>A coupon as the writer leaves it.</summary>
    private static async Task<Guid> IssuedAsync(FeedBoxHost host, long user)
    {
        var id = await OpenAsync(host, limit: 1);
        var coupon = Guid.CreateVersion7(host.Time.GetUtcNow());
        await host.Coupons.StartGenerationAsync(id, 1, default);
        Assert.Equal(1, await host.Coupons.IssueAsync([new(coupon, id, user, 1, 1)], host.Time.GetUtcNow(), default));
        return coupon;
    }

    private static (int? Accepted, int? Remaining) Counts(System.Text.Json.JsonElement view) => (Count(view, "accepted"), Count(view, "remaining"));

    private static int? Count(System.Text.Json.JsonElement view, string name) =>
        view.GetProperty(name) is { ValueKind: System.Text.Json.JsonValueKind.Number } number ? number.GetInt32() : null;
}
