using System.Globalization;
using System.Collections.Concurrent;
using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeedBox.Kafka.Tests;

public sealed class KafkaOutageTests() : KafkaOutages("Consumer");

public sealed class ClassicProtocolOutageTests() : KafkaOutages("Classic");

/// <summary>With a broker of its own that is killed and comes back.</summary>
public abstract class KafkaOutages(string groupProtocol) : IAsyncLifetime
{
    private const int Keys = 8;
    private ServerProcess? _broker;
    private ServiceProvider? _services;

    private ServerProcess Broker => _broker!;
    private IEventLog Log => _services!.Log();

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(ServerProcess.Available, $"{ServerProcess.Variable} is not set");
        _broker = await ServerProcess.StartAsync("kafka");
        _services = KafkaBroker.Services($"127.0.0.1:{_broker.Port}", ("GroupProtocol", groupProtocol));
        await Log.EnsureTopicsAsync(["first", "second", Topics.DeadLetter("first")], default);
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        if (_broker is not null)
            await _broker.DisposeAsync();
    }

    [Fact, Trait("Weakness", "H1"), Trait("Weakness", "H8")]
    public async Task H1_H8_nothing_acknowledged_is_lost_and_keys_keep_their_order_through_a_killed_broker()
    {
        using var stop = new CancellationTokenSource();
        var forwarding = RunAsync(new Handler("forward", "first", e => Log.AppendAsync([Message("second", e.Key, e)], default)), stop.Token);
        var seen = new ConcurrentDictionary<string, ConcurrentQueue<long>>();
        var reading = RunAsync(new Handler("read", "second", e =>
        {
            seen.GetOrAdd(e.Key, _ => new()).Enqueue(long.Parse(e.Data.Span, CultureInfo.InvariantCulture));
            return Task.CompletedTask;
        }), stop.Token);

        var sent = new long[Keys];
        using var enough = new CancellationTokenSource();
        var writing = Enumerable.Range(0, Keys).Select(key => Task.Run(async () =>
        {
            while (!enough.IsCancellationRequested)
            {
                await UntilAppendedAsync(Message("first", $"key {key}", Event($"key {key}", sent[key] + 1)));
                sent[key]++;
                await Task.Delay(5);
            }
        })).ToArray();
        await SentAsync(10);
        await Broker.KillAsync();
        await Task.Delay(1_500);
        var before = sent.Max();
        await Broker.StartAsync();
        await SentAsync(before + 10);
        await enough.CancelAsync();
        await Task.WhenAll(writing);
        await Eventually.TrueAsync(
            () => Enumerable.Range(0, Keys).All(key => seen.TryGetValue($"key {key}", out var numbers) && numbers.Contains(sent[key])),
            "the last of each key has arrived");
        await stop.CancelAsync();
        await Task.WhenAll(forwarding, reading);

        for (var key = 0; key < Keys; key++)
        {
            var highest = 0L;
            var firstTimes = seen[$"key {key}"].Where(number => number > highest && (highest = number) > 0).ToList();
            Assert.Equal(Enumerable.Range(1, (int)sent[key]).Select(i => (long)i), firstTimes);
        }

        Task SentAsync(long count) => Eventually.TrueAsync(
            () => Enumerable.Range(0, Keys).All(key => Volatile.Read(ref sent[key]) >= count), $"{count} of each key are sent");
    }

    [Fact]
    public async Task An_append_during_an_outage_fails_within_a_second_and_the_next_ones_at_once_until_the_broker_is_back()
    {
        await Log.AppendAsync([Message("first", "k", Event("k", 1))], default);
        await Broker.KillAsync();

        Assert.InRange(await TimeToFailAsync(), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.InRange(await TimeToFailAsync(), TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync());

        await Broker.StartAsync();
        await UntilAppendedAsync(Message("first", "k", Event("k", 4)));
        Assert.Equal(HealthStatus.Healthy, await HealthAsync());
    }

    [Fact]
    public async Task The_lag_of_a_group_is_told_while_its_coordinator_is_just_starting()
    {
        await AskAsync(); // makes the topic of the offsets
        await Broker.KillAsync();
        await Broker.StartAsync();
        await AskAsync(); // while it loads it

        async Task AskAsync()
        {
            var lags = await Task.WhenAll(Enumerable.Range(0, 24).Select(group => Log.LagAsync($"group {group}", ["first"], default)));
            Assert.All(lags, lag => Assert.Equal(Topics.Partitions, lag.Count));
        }
    }

    [Fact, Trait("Weakness", "K5"), Trait("Weakness", "K24"), Trait("Weakness", "H52"), Trait("Weakness", "H53")]
    public async Task K5_K24_H52_H53_events_without_an_outbox_fail_over_within_a_second_and_are_all_on_the_log_after_the_outage()
    {
        var kept = new MemoryFailedPublications();
        var publisher = new DirectPublisher(Log, TimeProvider.System, new(), kept);
        var seen = new ConcurrentDictionary<Guid, bool>();
        using var stop = new CancellationTokenSource();
        var reading = RunAsync(new Handler("read", "first", e =>
        {
            seen[e.Id] = true;
            return Task.CompletedTask;
        }), stop.Token);
        var published = new List<Guid>();
        await UntilAppendedAsync(Message("first", "before", Event("before", 0)));

        await Broker.KillAsync();
        for (var i = 0; i < 20; i++)
            Assert.InRange(await PublishAsync(), TimeSpan.Zero, TimeSpan.FromSeconds(2)); // room for a busy machine
        Assert.Equal(20, kept.All.Count);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => publisher.RestoreAsync(default));
        Assert.Equal(20, kept.All.Count);

        await Broker.StartAsync();
        await Eventually.TrueAsync(() => IsRestored(), "everything is restored");
        await Eventually.TrueAsync(() => published.All(seen.ContainsKey), "every event has arrived");
        await stop.CancelAsync();
        await reading;
        Assert.Equal(published.Count + 1, seen.Count);

        async Task<TimeSpan> PublishAsync()
        {
            var e = Event($"key {published.Count}", published.Count);
            published.Add(e.Id);
            var started = Stopwatch.GetTimestamp();
            await publisher.PublishAsync(new("first", e));
            return Stopwatch.GetElapsedTime(started);
        }

        bool IsRestored()
        {
            try { publisher.RestoreAsync(default).Wait(); }
            catch (AggregateException e) when (e.InnerException is DependencyUnavailableException) { }
            return kept.All.Count == 0;
        }
    }

    private async Task<TimeSpan> TimeToFailAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var failure = await Assert.ThrowsAsync<DependencyUnavailableException>(() => Log.AppendAsync([Message("first", "k", Event("k", 2))], default));
        Assert.Equal("kafka", failure.Dependency);
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task<HealthStatus> HealthAsync() =>
        (await _services!.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status;

    private async Task UntilAppendedAsync(LogMessage message)
    {
        while (true)
        {
            try
            {
                await Log.AppendAsync([message], default);
                return;
            }
            catch (DependencyUnavailableException)
            {
                await Task.Delay(100);
            }
        }
    }

    private Task RunAsync(IEventHandler handler, CancellationToken stopping) => Task.Run(() =>
        new ConsumerRuntime(handler, Log, new(), TimeProvider.System, NullLogger<ConsumerRuntime>.Instance).RunAsync(stopping));

    private static FeedEvent Event(string key, long number) =>
        new(Guid.CreateVersion7(), "test", 1, key, DateTimeOffset.UtcNow, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(number), null);

    private static LogMessage Message(string topic, string key, FeedEvent e) => EventCodec.Encode(new(topic, e with { Key = key }));

    private sealed class Handler(string group, string topic, Func<FeedEvent, Task> handle) : IEventHandler
    {
        public string Group => group;
        public IReadOnlyList<string> Topics { get; } = [topic];
        public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => handle(e);
    }
}
