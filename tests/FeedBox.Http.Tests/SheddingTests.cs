using System.Collections.Concurrent;
using FeedBox.Http.Shedding;
using FeedBox.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Http.Tests;

public sealed class SheddingTests
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void At_low_load_nobody_is_turned_away_however_slow_the_requests_are(int seed)
    {
        var random = new Random(seed);
        var limit = new AdaptiveLimit(new(), _time);
        var underWay = new List<long>();
        for (var i = 0; i < 20_000; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(random.Next(20)));
            if (underWay.Count < 64 && random.Next(2) == 0)
            {
                Assert.True(limit.TryEnter());
                underWay.Add(_time.GetTimestamp());
            }
            else if (underWay.Count > 0)
            {
                var place = random.Next(underWay.Count);
                limit.Leave(underWay[place]);
                underWay.RemoveAt(place);
            }
        }
        Assert.Equal((0, underWay.Count), (limit.Shed, limit.InFlight));
    }

    /// <summary>A server that serves so many a second, one after the other, and three times as many arrive.</summary>
    [Theory]
    [InlineData(500)]
    [InlineData(2_000)]
    [InlineData(10_000)]
    public void At_three_times_the_capacity_what_is_let_in_stays_fast_and_the_capacity_is_used(int capacity)
    {
        var limit = new AdaptiveLimit(new(), _time);
        var queue = new Queue<long>();
        var latencies = new List<double>();
        var (arrivals, served, seconds) = (0, 0, 20);
        for (var tick = 1; tick <= seconds * 1_000; tick++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            for (; arrivals < 3L * capacity * tick / 1_000; arrivals++)
                if (limit.TryEnter())
                    queue.Enqueue(_time.GetTimestamp());
            for (; served < (long)capacity * tick / 1_000 && queue.TryDequeue(out var entered); served++)
            {
                if (tick > 2_000) // it needs a moment to find out
                    latencies.Add(_time.GetElapsedTime(entered).TotalMilliseconds);
                limit.Leave(entered);
            }
        }
        latencies.Sort();
        Assert.InRange(latencies[latencies.Count * 99 / 100], 0, 150);
        Assert.InRange(served, 0.95 * capacity * seconds, capacity * seconds);
        Assert.InRange(limit.Shed, 1.9 * capacity * seconds, 2.1 * capacity * seconds);
    }

    [Fact]
    public void One_request_in_five_that_waits_a_second_for_a_partner_is_no_overload()
    {
        var limit = new AdaptiveLimit(new(), _time);
        var slow = new Queue<long>();
        for (var i = 0; i < 50_000; i++)
        {
            var now = _time.GetTimestamp();
            Assert.True(limit.TryEnter());
            if (i % 5 == 0)
                slow.Enqueue(now);
            else
                limit.Leave(now);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            while (slow.TryPeek(out var oldest) && _time.GetElapsedTime(oldest) >= TimeSpan.FromSeconds(1))
                limit.Leave(slow.Dequeue());
        }
        Assert.Equal(0, limit.Shed);
    }

    [Fact]
    public async Task Under_real_overload_the_surplus_hears_at_once_when_to_come_back_and_the_rest_is_served_fast()
    {
        const int Enough = 1_000;
        // 400 a second: 8 at a time, 20 ms each.
        using var desks = new SemaphoreSlim(8);
        var queue = 0;
        var queues = new ConcurrentBag<int>();
        await using var host = await FeedBoxHost.StartAsync(
            settings: [("FeedBox:Shedding:Enabled", "true")],
            services: services => services.AddSingleton(TimeProvider.System),
            map: app =>
            {
                async Task WorkAsync()
                {
                    queues.Add(Interlocked.Increment(ref queue));
                    await desks.WaitAsync();
                    try { await Task.Delay(20); }
                    finally { desks.Release(); Interlocked.Decrement(ref queue); }
                }
                app.MapPost("/work", async () => { await WorkAsync(); return Results.NoContent(); });
                app.MapPost("/ops/work", async () => { await WorkAsync(); return Results.NoContent(); });
            });
        var (served, refused) = (0, 0);
        using var stop = new CancellationTokenSource(Eventually.Patience);
        await Task.WhenAll(Enumerable.Range(0, 300).Select(client => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var answer = await host.SendAsync("POST", "/work", null, (object?)null);
                if ((answer.Status == 204 ? Interlocked.Increment(ref served) : Interlocked.Increment(ref refused)) >= Enough
                    && Math.Min(Volatile.Read(ref served), Volatile.Read(ref refused)) >= Enough)
                    await stop.CancelAsync();
                if (answer.Status == 204)
                    continue;
                answer.IsProblem(503, "overloaded");
                Assert.Equal("1", answer.Header("Retry-After"));
                await Task.Delay(100);
            }
        })));

        Assert.True(served >= Enough && refused >= Enough, $"{served} served, {refused} turned away");
        // Whoever is let in finds few before him, not the other 299; in places at the desks, because seconds depend on what else the machine does.
        var median = queues.Order().ElementAt(queues.Count / 2);
        Assert.True(median < 150, $"Half of what was served found {median} or fewer before it.");

        // Reads are apart, and operators and probes pass whatever the load is.
        var busy = Enumerable.Range(0, 300).Select(_ => host.SendAsync("POST", "/work", null, (object?)null)).ToList();
        Assert.Equal(200, (await host.GetAsync("/inbox", 1)).Status);
        Assert.Equal(200, (await host.GetAsync("/alive")).Status);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => host.SendAsync("POST", "/ops/work", 1, (object?)null))), answer => Assert.Equal(204, answer.Status));
        await Task.WhenAll(busy);
    }

    [Fact]
    public async Task It_can_be_switched_off()
    {
        (string, string?)[] nobody = [("FeedBox:Shedding:LeastAtOnce", "0"), ("FeedBox:Shedding:FirstAtOnce", "0")];
        await using var open = await FeedBoxHost.StartAsync(settings: [("FeedBox:Shedding:Enabled", "false"), .. nobody]);
        Assert.Equal(200, (await open.GetAsync("/inbox", 1)).Status);

        await using var closed = await FeedBoxHost.StartAsync(settings: [("FeedBox:Shedding:Enabled", "true"), .. nobody]);
        (await closed.GetAsync("/inbox", 1)).IsProblem(503, "overloaded");
        Assert.Equal(200, (await closed.GetAsync("/health")).Status);
        Assert.Equal(200, (await closed.GetAsync("/ops/pipeline", 1)).Status);
    }
}
