using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using LogMessage = FeedBox.Core.Events.LogMessage;

namespace FeedBox.Kafka.Tests;

/// <summary>Under both group protocols: that of Kafka 4.0 and the one before it.</summary>
public sealed class KafkaRebalanceTests
{
    private const int Total = 3_000;
    private const int Keys = 60;
    private readonly string _topic = $"rebalance-{Guid.NewGuid():N}";

    [Theory, InlineData("Consumer"), InlineData("Classic")]
    public async Task Consumers_that_come_and_go_hand_over_each_key_in_order_and_without_repeating(string groupProtocol)
    {
        await using var services = KafkaBroker.Services(KafkaBroker.Address, ("GroupProtocol", groupProtocol));
        var log = services.Log();
        await log.EnsureTopicsAsync([_topic, Topics.DeadLetter(_topic)], default);
        var handler = new Recorder(_topic);
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var first = RunAsync(log, handler, stopFirst.Token);
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < Total; i += 20)
            {
                await log.AppendAsync([.. Enumerable.Range(i, 20).Select(Message)], default);
                await Task.Delay(40);
            }
        });
        await Eventually.TrueAsync(() => handler.Count > 100, "the first consumes");
        var second = RunAsync(log, handler, stopSecond.Token);
        await Eventually.TrueAsync(() => handler.Runtimes == 2, "the second consumes too");
        await stopFirst.CancelAsync();
        await first;
        await appending;
        await Eventually.TrueAsync(() => handler.Count >= Total, "all is consumed");
        await stopSecond.CancelAsync();
        await second;

        Assert.False(handler.Overlapped, "a key was handled by two at once");
        foreach (var (key, numbers) in handler.Seen)
            Assert.Equal(Enumerable.Range(0, Total).Where(i => $"key {i % Keys}" == key), numbers);
    }

    [Theory, InlineData("Consumer"), InlineData("Classic")]
    public async Task A_consumer_that_dies_without_a_word_is_replaced_after_the_session_timeout(string groupProtocol)
    {
        await using var services = KafkaBroker.Services(KafkaBroker.Address, ("GroupProtocol", groupProtocol), ("SessionTimeout", "00:00:06"));
        Assert.SkipUnless(await ShortestSessionAsync() <= 6_000, "the broker's group.consumer.min.session.timeout.ms is longer");
        var log = services.Log();
        await log.EnsureTopicsAsync([_topic, Topics.DeadLetter(_topic)], default);
        var dead = Dying(groupProtocol);
        dead.Subscribe(_topic);
        await Eventually.TrueAsync(() => dead.Consume(100) is null && dead.Assignment.Count == Topics.Partitions, "it has every partition");
        var handler = new Recorder(_topic);
        using var stop = new CancellationTokenSource();
        var living = RunAsync(log, handler, stop.Token); // sets the group's timeout
        await Eventually.TrueAsync(() => dead.Consume(100) is null && dead.Assignment.Count == Topics.Partitions / 2, "they share");
        await log.AppendAsync([.. Enumerable.Range(0, Keys).Select(Message)], default);

        var died = Stopwatch.GetTimestamp();
        dead.Dispose(); // without closing it: the group is not told
        await Eventually.TrueAsync(() => handler.Count == Keys, "the other has all of them");
        Assert.InRange(Stopwatch.GetElapsedTime(died), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)); // the broker's own is 45 s
        await stop.CancelAsync();
        await living;
    }

    private IConsumer<Ignore, Ignore> Dying(string groupProtocol)
    {
        var config = new ConsumerConfig { BootstrapServers = KafkaBroker.Address, GroupId = _topic, EnableAutoCommit = false };
        if (groupProtocol == "Consumer")
            config.GroupProtocol = GroupProtocol.Consumer;
        else
            (config.PartitionAssignmentStrategy, config.SessionTimeoutMs) = (PartitionAssignmentStrategy.CooperativeSticky, 6_000);
        return new ConsumerBuilder<Ignore, Ignore>(config).Build();
    }

    private static async Task<int> ShortestSessionAsync()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = KafkaBroker.Address }).Build();
        var broker = admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers[0].BrokerId.ToString(CultureInfo.InvariantCulture);
        var configs = await admin.DescribeConfigsAsync([new() { Type = ResourceType.Broker, Name = broker }]);
        return configs[0].Entries.TryGetValue("group.consumer.min.session.timeout.ms", out var shortest) ? int.Parse(shortest.Value, CultureInfo.InvariantCulture) : 0;
    }

    private static Task RunAsync(IEventLog log, Recorder handler, CancellationToken stopping) => Task.Run(() =>
        new ConsumerRuntime(handler.Runtime(), log, new(), TimeProvider.System, NullLogger<ConsumerRuntime>.Instance).RunAsync(stopping));

    private LogMessage Message(int number) => EventCodec.Encode(new(_topic, new(
        Guid.CreateVersion7(), "test", 1, $"key {number % Keys}", DateTimeOffset.UtcNow, JsonSerializer.SerializeToUtf8Bytes(number), null)));

    /// <summary>What all runtimes of the group handled.</summary>
    private sealed class Recorder(string topic)
    {
        private readonly ConcurrentDictionary<string, byte> _running = new();
        private readonly ConcurrentDictionary<int, byte> _runtimes = new();
        private int _next, _count;

        public ConcurrentDictionary<string, ConcurrentQueue<int>> Seen { get; } = new();
        public bool Overlapped { get; private set; }
        public int Count => Volatile.Read(ref _count);
        public int Runtimes => _runtimes.Count;

        public IEventHandler Runtime() => new Handler(this, topic, Interlocked.Increment(ref _next));

        private async Task HandleAsync(int runtime, FeedEvent e)
        {
            if (!_running.TryAdd(e.Key, 0))
                Overlapped = true;
            await Task.Delay(1);
            Seen.GetOrAdd(e.Key, _ => new()).Enqueue(int.Parse(e.Data.Span, CultureInfo.InvariantCulture));
            _runtimes.TryAdd(runtime, 0);
            _running.TryRemove(e.Key, out _);
            Interlocked.Increment(ref _count);
        }

        private sealed class Handler(Recorder recorder, string topic, int runtime) : IEventHandler
        {
            public string Group => topic;
            public IReadOnlyList<string> Topics { get; } = [topic];
            public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => recorder.HandleAsync(runtime, e);
        }
    }
}
