using FeedBox.Http.RateLimits;
using FeedBox.Testing;

namespace FeedBox.Http.Tests;

public sealed class RateLimitsTests
{
    [Fact]
    public async Task Each_caller_has_its_own_budget_for_writes_and_for_reads()
    {
        await using var host = await FeedBoxHost.StartAsync(settings:
        [
            ("FeedBox:RateLimits:Enabled", "true"),
            ("FeedBox:RateLimits:Writes:PerSecond", "1"), ("FeedBox:RateLimits:Writes:Burst", "2"),
            ("FeedBox:RateLimits:Reads:PerSecond", "1"), ("FeedBox:RateLimits:Reads:Burst", "5"),
        ]);

        var writes = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => WriteAsync(1)));
        Assert.InRange(writes.Count(answer => answer.Status == 201), 2, 4);
        var limited = writes.First(answer => answer.Status != 201).IsProblem(429, "rate-limited");
        Assert.True(int.Parse(limited.Header("Retry-After")!) >= 1);

        Assert.Equal(200, (await host.GetAsync("/inbox", 1)).Status);
        Assert.Equal(201, (await WriteAsync(2)).Status);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await host.GetAsync("/")).Status);
            Assert.Equal(200, (await host.GetAsync("/alive")).Status);
        }

        Task<Answer> WriteAsync(long caller) => host.SendAsync("POST", "/posts", caller, new { title = "제목", content = "내용", categoryId = 1 });
    }

    [Fact]
    public async Task The_defaults_let_a_burst_of_100_writes_through_and_refuse_the_flood()
    {
        await using var host = await FeedBoxHost.StartAsync(settings: [("FeedBox:RateLimits:Enabled", "true")]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => host.SendAsync("DELETE", $"/posts/{Guid.Empty}", 1)));
        Assert.InRange(answers.Count(answer => answer.Status == 404), 100, 300);
        Assert.All(answers.Where(answer => answer.Status != 404), answer => answer.IsProblem(429, "rate-limited"));
        Assert.Contains(answers, answer => answer.Status == 429);
    }

    [Fact]
    public void A_budget_refills_with_time_up_to_its_burst()
    {
        var time = new ManualTime();
        var rates = new CallerRates(new(PerSecond: 10, Burst: 5), time);

        Assert.Equal(5, Taken(20));
        Assert.False(rates.TryTake(1, out var retryAfter));
        Assert.InRange(retryAfter, TimeSpan.FromMilliseconds(90), TimeSpan.FromMilliseconds(110));
        time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(3, Taken(20));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, Taken(20));
        Assert.True(rates.TryTake(2, out _));

        int Taken(int tries) => Enumerable.Range(0, tries).Count(_ => rates.TryTake(1, out var _));
    }

    [Fact]
    public void A_crowd_that_came_once_is_forgotten_and_its_late_members_are_still_limited()
    {
        var time = new ManualTime();
        var rates = new CallerRates(new(PerSecond: 1, Burst: 1), time);
        for (var round = 0; round < 3; round++)
        {
            for (var caller = 1; caller <= 99_999; caller++)
                Assert.True(rates.TryTake(caller, out _));
            Assert.False(rates.TryTake(99_999, out _));
            time.Advance(TimeSpan.FromSeconds(2));
        }
    }
}
