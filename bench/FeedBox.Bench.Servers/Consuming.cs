using System.Diagnostics;
using System.Text.Json;
using Confluent.Kafka;
using FeedBox.Core.Events;
using FeedBox.Kafka;
using FeedBox.Pipeline.Consuming;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeedBox.Bench.Servers;

/// <summary>
/// The consumer runtime with an empty handler against a Confluent.Kafka consumer that looks at nothing, both reading one topic from its
/// beginning as the only member of a group of their own, both committing five times a second. Counted from the first record, so that the
/// joining, which takes both as long, hides nothing.
/// </summary>
internal static class Consuming
{
    public static async Task RunAsync(Report report)
    {
        const string bar = "kafka-consumer-runtime";
        if (!Server.IsThere(bar, "kafka"))
            return;
        await using var process = await Server.StartAsync((services, configuration) => services.AddFeedBoxKafka(configuration));
        var log = process.GetRequiredService<IEventLog>();
        var topic = $"feedbox-bench-{Guid.NewGuid():N}";
        var records = report.Size(400_000);
        await AppendAsync(log, topic, records);
        try
        {
            var (bare, feedBox) = await Turns.MedianRatesAsync(
                () => Task.Run(() => Consume(topic, records)), () => HandleAsync(log, topic, records));
            report.Add(bar, feedBox / bare, "", Target.AtLeast(0.5),
                $"{feedBox:#,0} events/s through an empty handler; a bare Confluent.Kafka consumer {bare:#,0} records/s; medians of {Turns.Rounds}; {KafkaServer.Name}");
        }
        finally
        {
            await KafkaServer.DeleteAsync(topic);
        }
    }

    private static async Task AppendAsync(IEventLog log, string topic, int records)
    {
        await log.EnsureTopicsAsync([topic], CancellationToken.None);
        var data = JsonSerializer.SerializeToUtf8Bytes(new PostChanged(Guid.CreateVersion7(), 1, 1, 2), EventJson.Default.PostChanged);
        foreach (var chunk in Enumerable.Range(0, records).Chunk(5_000))
            await log.AppendAsync(
            [
                .. chunk.Select(number => EventCodec.Encode(new(topic, new(
                    Guid.CreateVersion7(), EventTypes.PostCreated, 1, $"key-{number % 10_000}", DateTimeOffset.UtcNow, data, TraceParent: null)))),
            ], CancellationToken.None);
    }

    private static double Consume(string topic, int records)
    {
        using var consumer = new ConsumerBuilder<string, byte[]>(new ConsumerConfig
        {
            BootstrapServers = Server.Address("kafka"),
            GroupId = $"bare-{Guid.NewGuid():N}",
            GroupProtocol = GroupProtocol.Consumer,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            FetchQueueBackoffMs = 10, // as FeedBox has it: with the default of a second both would measure that pause
            AutoCommitIntervalMs = (int)new ConsumerOptions().CommitInterval.TotalMilliseconds,
        }).Build();
        consumer.Subscribe(topic);
        var started = 0L;
        for (var seen = 0; seen < records;)
        {
            if (consumer.Consume(TimeSpan.FromSeconds(10)) is null)
                throw new TimeoutException($"{records - seen} records did not come.");
            if (seen++ == 0)
                started = Stopwatch.GetTimestamp();
        }
        var elapsed = Stopwatch.GetElapsedTime(started);
        consumer.Close();
        return records / elapsed.TotalSeconds;
    }

    private static async Task<double> HandleAsync(IEventLog log, string topic, int records)
    {
        var handler = new EmptyHandler(topic, records);
        using var stop = new CancellationTokenSource();
        var runtime = new ConsumerRuntime(handler, log, new(), TimeProvider.System, NullLogger<ConsumerRuntime>.Instance);
        var running = Task.Run(() => runtime.RunAsync(stop.Token));
        var elapsed = await handler.Done.WaitAsync(TimeSpan.FromMinutes(2));
        await stop.CancelAsync();
        await running;
        var behind = (await log.LagAsync(handler.Group, [topic], CancellationToken.None)).Sum(partition => partition.Lag);
        return behind == 0 ? records / elapsed.TotalSeconds : throw new InvalidOperationException($"{handler.Group} stopped {behind} records behind.");
    }

    private sealed class EmptyHandler(string topic, int records) : IEventHandler
    {
        private readonly TaskCompletionSource<TimeSpan> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _started;
        private int _handled;

        public string Group { get; } = $"runtime-{Guid.NewGuid():N}";

        public IReadOnlyList<string> Topics { get; } = [topic];

        /// <summary>From the first to the last.</summary>
        public Task<TimeSpan> Done => _done.Task;

        public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken)
        {
            var handled = Interlocked.Increment(ref _handled);
            if (handled == 1)
                Volatile.Write(ref _started, Stopwatch.GetTimestamp());
            if (handled == records)
                _done.TrySetResult(Stopwatch.GetElapsedTime(Volatile.Read(ref _started)));
            return Task.CompletedTask;
        }
    }
}
