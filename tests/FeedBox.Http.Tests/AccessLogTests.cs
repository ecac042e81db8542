using System.Diagnostics.Metrics;
using System.Net.Sockets;
using FeedBox.Core;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Events;
using FeedBox.Http.AccessLog;
using FeedBox.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeedBox.Http.Tests;

public sealed class AccessLogTests : IAsyncLifetime
{
    private const long Operator = 1;

    private readonly MemoryAccessLogStore _store = new();
    private readonly TaskCompletionSource _held = new();
    private FeedBoxHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact, Trait("Capability", "F37")]
    public async Task F37_a_request_is_on_the_log_with_who_asked_what_and_how_it_was_answered()
    {
        var before = _host.Time.GetUtcNow();
        var answer = await _host.GetAsync("/posts/mine?limit=5&secret=s3cr3t", 7, ("User-Agent", "제주 agent"), ("Referer", "https://example.org/page?token=s3cr3t#x"));

        var entry = Assert.Single(await EntriesAsync(1));
        Assert.Equal(
            ("GET", "/posts/mine", 200, (long)answer.Bytes.Length, "https://example.org/page", "제주 agent", "127.0.0.1"),
            (entry.Method, entry.Path, entry.Status, entry.Bytes, entry.Referrer, entry.Agent, entry.Ip));
        Assert.InRange(entry.At, before, _host.Time.GetUtcNow());
        Assert.NotEmpty(entry.Service);
        Assert.DoesNotContain("s3cr3t", System.Text.Encoding.UTF8.GetString(Assert.Single(_host.Log.Records(Topics.AccessLog)).Value.Span));
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    [InlineData("GET", "/", 200)]
    [InlineData("GET", "/app.js", 200)]
    [InlineData("GET", "/inbox", 401)]
    [InlineData("DELETE", "/posts", 405)]
    [InlineData("GET", "/stream", 200)]
    [InlineData("GET", "/file", 200)]
    [InlineData("GET", "/%EC%A0%9C%EC%A3%BC%0A%22", 404)]
    public async Task Every_answer_is_there_with_its_size_however_it_was_written(string method, string path, int status)
    {
        var answer = await _host.SendAsync(method, path, null, (object?)null);

        var entry = Assert.Single(await EntriesAsync(1));
        Assert.Equal((method, path, status, (long)answer.Bytes.Length), (entry.Method, entry.Path, entry.Status, entry.Bytes));
        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task A_caller_that_left_before_the_answer_is_told_apart()
    {
        using (var socket = new TcpClient())
        {
            await socket.ConnectAsync(_host.Client.BaseAddress!.Host, _host.Client.BaseAddress.Port);
            await socket.GetStream().WriteAsync("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
            await _held.Task;
        }

        Assert.Equal((499, "/slow"), Assert.Single((await EntriesAsync(1)).Select(entry => (entry.Status, entry.Path))));
    }

    [Fact]
    public async Task How_long_it_took_is_told()
    {
        await _host.GetAsync("/takes-3s");
        Assert.Equal(3_000, Assert.Single(await EntriesAsync(1)).DurationMs);
    }

    [Fact]
    public async Task Probes_are_not_there()
    {
        await _host.GetAsync("/health");
        await _host.GetAsync("/alive");
        await _host.GetAsync("/about");
        Assert.Equal(["/about"], (await EntriesAsync(1)).Select(entry => entry.Path));
    }

    [Fact]
    public async Task No_request_waits_for_the_log_and_what_it_missed_comes_when_it_is_back()
    {
        _host.Log.OnAppend = (_, _) => throw new DependencyUnavailableException("log", TimeSpan.FromSeconds(1));
        for (var i = 0; i < 30; i++)
            Assert.Equal(200, (await _host.GetAsync($"/about?{i}")).Status);
        Assert.Empty(_host.Log.Records(Topics.AccessLog));

        _host.Log.OnAppend = null;
        await Eventually.TrueAsync(() => _host.Log.Records(Topics.AccessLog).Count == 30, _host.Time, TimeSpan.FromSeconds(1), "all are there");
        Assert.Equal(30, (await EntriesAsync(30)).DistinctBy(entry => entry.Id).Count());
    }

    [Fact]
    public async Task What_there_is_no_room_for_is_dropped_and_counted()
    {
        await using var small = await StartAsync(("FeedBox:AccessLog:Buffer", "10"));
        var dropped = 0L;
        using var listener = new MeterListener { InstrumentPublished = (instrument, self) => { if (instrument.Name == "feedbox.access_log.dropped") self.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref dropped, count));
        listener.Start();
        var blocked = new TaskCompletionSource();
        var entered = new TaskCompletionSource();
        small.Log.OnAppend = (_, _) =>
        {
            entered.TrySetResult();
            return blocked.Task;
        };
        await small.GetAsync("/about");
        await Eventually.TrueAsync(() => entered.Task.IsCompleted, small.Time, TimeSpan.FromMilliseconds(100), "the first is on its way");

        for (var i = 0; i < 25; i++)
            Assert.Equal(200, (await small.GetAsync("/about")).Status);
        await Eventually.TrueAsync(() => Interlocked.Read(ref dropped) == 15, "15 of 26 have no room");

        blocked.SetResult();
        await Eventually.TrueAsync(() => small.Log.Records(Topics.AccessLog).Count == 11, small.Time, TimeSpan.FromMilliseconds(100), "the others are there");
    }

    [Fact]
    public async Task Entries_that_the_log_refuses_do_not_hold_up_the_next()
    {
        var refused = new TaskCompletionSource();
        _host.Log.OnAppend = (_, _) =>
        {
            refused.TrySetResult();
            throw new PermanentFailureException("too large");
        };
        await _host.GetAsync("/about");
        await Eventually.TrueAsync(() => refused.Task.IsCompleted, _host.Time, TimeSpan.FromMilliseconds(100), "it is refused");
        _host.Log.OnAppend = null;
        await _host.GetAsync("/nowhere");
        Assert.Equal(["/nowhere"], (await EntriesAsync(1)).Select(entry => entry.Path));
    }

    [Fact]
    public async Task What_was_answered_before_the_end_is_there_after_it()
    {
        var ending = await StartAsync();
        for (var i = 0; i < 50; i++)
            await ending.GetAsync("/about");
        await ending.DisposeAsync();
        Assert.Equal(50, ending.Log.Records(Topics.AccessLog).Count);
    }

    [Fact]
    public async Task What_was_answered_is_there_even_when_the_end_came_before_the_shipper_ran()
    {
        var log = new MemoryEventLog();
        using var shipper = new AccessLogShipper(log, new(), TimeProvider.System, NullLogger<AccessLogShipper>.Instance);
        await shipper.StartAsync(new(canceled: true));
        shipper.Take(new(Guid.CreateVersion7(), DateTimeOffset.UtcNow, "api", "::1", "GET", "/about", 200, 0, 0, null, null, "trace"));
        await shipper.StopAsync(default);
        Assert.Single(log.Records(Topics.AccessLog));
    }

    [Fact]
    public async Task Off_it_leaves_no_trace()
    {
        await using var off = await FeedBoxHost.StartAsync(services: services => services.AddSingleton<IAccessLogStore>(_store));
        await off.GetAsync("/about");
        (await off.GetAsync("/ops/access-log", Operator)).IsProblem(404, "not-found");
        await off.DisposeAsync();
        Assert.Empty(off.Log.Records(Topics.AccessLog));
    }

    [Fact, Trait("Capability", "F37")]
    public async Task F37_operators_search_it_by_everything_an_entry_says()
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < 6; i++)
            await _store.AddAsync(new(Guid.CreateVersion7(noon.AddMinutes(i)), noon.AddMinutes(i), "api", i % 2 == 0 ? "10.0.0.1" : "::1",
                i < 3 ? "GET" : "POST", $"/posts/{i}", i == 5 ? 503 : 404, i, 0.5, null, null, "trace"), default);

        Assert.Equal([5, 4, 3, 2, 1, 0], await FindAsync(""));
        Assert.Equal([4, 2, 0], await FindAsync("?ip=10.0.0.1"));
        Assert.Equal([5, 3, 1], await FindAsync("?ip=0:0:0:0:0:0:0:1"));
        Assert.Equal([5, 3, 1], await FindAsync("?ip=::1%252"));
        Assert.Equal([4, 2, 0], await FindAsync("?ip=::ffff:10.0.0.1"));
        Assert.Equal([2, 1, 0], await FindAsync("?method=get"));
        Assert.Equal([3], await FindAsync("?path=/posts/3"));
        Assert.Equal([5], await FindAsync("?status=5xx"));
        Assert.Equal([5], await FindAsync("?status=503"));
        Assert.Equal([2, 1], await FindAsync("?from=2026-03-01T12:01:00Z&to=2026-03-01T21:03:00%2B09:00"));
        Assert.Equal([4], await FindAsync("?ip=10.0.0.1&method=POST&status=4xx"));

        var first = await _host.GetAsync("/ops/access-log?limit=4", Operator);
        var second = await _host.GetAsync($"/ops/access-log?limit=4&cursor={first.Next}", Operator);
        Assert.Equal([5, 4, 3, 2, 1, 0], first.Items.Concat(second.Items).Select(item => item.GetProperty("bytes").GetInt32()));
        Assert.Null(second.Next);

        async Task<IEnumerable<int>> FindAsync(string query) =>
            [.. (await _host.GetAsync($"/ops/access-log{query}", Operator)).Items.Select(item => item.GetProperty("bytes").GetInt32())];
    }

    [Theory]
    [InlineData("ip=localhost", "invalid-ip")]
    [InlineData("status=abc", "invalid-status")]
    [InlineData("status=600", "invalid-status")]
    [InlineData("status=5x", "invalid-status")]
    [InlineData("status=503%0A", "invalid-status")]
    [InlineData("from=yesterday", "invalid-from")]
    [InlineData("to=2026-13-01", "invalid-to")]
    [InlineData("method=GETGETGETGETGETGETGET", "method-too-long")]
    [InlineData("path=%00", "path-invalid-text")]
    [InlineData("limit=101", "invalid-limit")]
    [InlineData("cursor=x", "invalid-cursor")]
    public async Task Nonsense_is_told(string query, string code) =>
        (await _host.GetAsync($"/ops/access-log?{query}", Operator)).IsProblem(400, code);

    [Fact]
    public async Task Only_operators_may_look_and_are_told_when_nobody_can()
    {
        (await _host.GetAsync("/ops/access-log", 2)).IsProblem(403, "operators-only");
        (await _host.GetAsync("/ops/access-log")).IsProblem(401, "unauthenticated");
        _store.IsDown = true;
        (await _host.GetAsync("/ops/access-log", Operator)).IsProblem(503, "dependency-unavailable");
    }

    private Task<FeedBoxHost> StartAsync(params (string, string?)[] settings) => FeedBoxHost.StartAsync(
        settings: [("FeedBox:AccessLog:Enabled", "true"), .. settings],
        services: services => services.AddSingleton<IAccessLogStore>(_store),
        map: app =>
        {
            app.MapGet("/stream", async (HttpContext http) =>
            {
                await http.Response.Body.WriteAsync("one,"u8.ToArray());
                await http.Response.Body.FlushAsync();
                await http.Response.WriteAsync("두 번째");
            });
            app.MapGet("/file", () => TypedResults.PhysicalFile(typeof(AccessLogTests).Assembly.Location, "application/octet-stream"));
            app.MapGet("/slow", async (HttpContext http) =>
            {
                _held.TrySetResult();
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            });
            app.MapGet("/takes-3s", () => _host.Time.Advance(TimeSpan.FromSeconds(3)));
        });

    private async Task<IReadOnlyList<AccessLogEntry>> EntriesAsync(int count)
    {
        await Eventually.TrueAsync(() => _host.Log.Records(Topics.AccessLog).Count >= count, _host.Time, TimeSpan.FromMilliseconds(100), $"{count} entries are on the log");
        var entries = _host.Log.Records(Topics.AccessLog).Select(record => EventCodec.ReadData(EventCodec.Decode(record), EventJson.Default.AccessLogEntry)).ToList();
        Assert.Equal(count, entries.Count);
        return entries;
    }
}
