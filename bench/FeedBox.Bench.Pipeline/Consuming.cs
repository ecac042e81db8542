using System.Diagnostics;
using System.Text.Json;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Sqlite;
using FeedBox.Sqlite.Events;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeedBox.Bench.Pipeline;

/// <summary>The consumer runtime in this process, on an event log in a file of its own.</summary>
internal static class Consuming
{
    private const string Topic = "feedbox.bench";
    private const int Rounds = 5;

    /// <summary>An empty handler against a loop that only polls and commits.</summary>
    public static async Task EmptyHandlerAsync(Report report)
    {
        var records = report.Size(200_000);
        using var world = new World(Topics.Partitions);
        await world.AppendAsync(records, number => $"key-{number % 10_000}");
        var (raw, runtime) = (new double[Rounds], new double[Rounds]);
        await world.PollAsync("warm-raw", records);
        await world.ConsumeAsync(new Handler("warm-runtime", _ => Task.CompletedTask), records);
        for (var round = 0; round < Rounds; round++)
        {
            raw[round] = records / (await world.PollAsync($"raw-{round}", records)).TotalSeconds;
            runtime[round] = records / (await world.ConsumeAsync(new Handler($"runtime-{round}", _ => Task.CompletedTask), records)).TotalSeconds;
        }
        Array.Sort(raw);
        Array.Sort(runtime);
        var (polled, handled) = (raw[Rounds / 2], runtime[Rounds / 2]);
        report.Add("consumer-runtime", handled / polled, "", Target.AtLeast(0.5),
            $"{handled:#,0} events/s through an empty handler; bare polling and committing {polled:#,0} records/s; medians of {Rounds}");
    }

    /// <summary>One partition, every message a key of its own, one in five of them a second long.</summary>
    public static async Task SlowKeysAsync(Report report)
    {
        var messages = report.Size(10_000);
        using var world = new World(partitions: 1);
        await world.AppendAsync(messages, number => number % 5 == 0 ? $"slow-{number}" : $"fast-{number}");
        var handler = new Handler("slow-keys", e => e.Key.StartsWith("slow", StringComparison.Ordinal) ? Task.Delay(TimeSpan.FromSeconds(1)) : Task.CompletedTask);
        var elapsed = await world.ConsumeAsync(handler, messages);
        report.Add("consumer-slow-keys", messages / elapsed.TotalSeconds, "messages/s", Target.AtLeast(500),
            $"{messages:#,0} messages of one partition in {elapsed.TotalSeconds:0.0} s; the handler waits 1 s on every fifth key");
    }

    private sealed class Handler(string group, Func<FeedEvent, Task> handle) : IEventHandler
    {
        private int _handled;

        public string Group => group;

        public IReadOnlyList<string> Topics { get; } = [Topic];

        public int Handled => Volatile.Read(ref _handled);

        public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken)
        {
            var handling = handle(e);
            if (!handling.IsCompletedSuccessfully)
                return CountAsync(handling);
            Interlocked.Increment(ref _handled);
            return handling;
        }

        private async Task CountAsync(Task handling)
        {
            await handling;
            Interlocked.Increment(ref _handled);
        }
    }

    private sealed class World : IDisposable
    {
        private static readonly TimeSpan CommitInterval = new ConsumerOptions().CommitInterval;

        private readonly string _folder = Directory.CreateTempSubdirectory("feedbox-bench-").FullName;
        private readonly SqliteDatabase _database;
        private readonly SqliteEventLog _log;

        public World(int partitions)
        {
            var options = new SqliteOptions { Path = Path.Combine(_folder, "log.db"), Partitions = partitions };
            _database = SqliteDatabase.Open(options);
            _log = new(_database, options, TimeProvider.System);
        }

        public async Task AppendAsync(int count, Func<int, string> key)
        {
            await _log.EnsureTopicsAsync([Topic, Topics.DeadLetter(Topic)], CancellationToken.None);
            var data = JsonSerializer.SerializeToUtf8Bytes(new { postId = Guid.CreateVersion7(), version = 1, authorId = 1, categoryId = 2 });
            foreach (var chunk in Enumerable.Range(0, count).Chunk(1_000))
                await _log.AppendAsync(
                [
                    .. chunk.Select(number => EventCodec.Encode(new(Topic, new(
                        Guid.CreateVersion7(), EventTypes.PostCreated, 1, key(number), DateTimeOffset.UtcNow, data, TraceParent: null)))),
                ], CancellationToken.None);
        }

        /// <summary>As fast as the log gives, committing as often as the runtime does.</summary>
        public async Task<TimeSpan> PollAsync(string group, int records)
        {
            var started = Stopwatch.GetTimestamp();
            var committed = started;
            var next = new Dictionary<TopicPartition, long>();
            await using var reader = _log.Subscribe(group, [Topic], new NoListener());
            for (var seen = 0; seen < records;)
            {
                var polled = await reader.PollAsync(1_000, CancellationToken.None);
                foreach (var record in polled)
                    next[new(record.Topic, record.Partition)] = record.Offset + 1;
                seen += polled.Count;
                if (seen < records && Stopwatch.GetElapsedTime(committed) < CommitInterval)
                    continue;
                await reader.CommitAsync(next, CancellationToken.None);
                committed = Stopwatch.GetTimestamp();
            }
            return Stopwatch.GetElapsedTime(started);
        }

        public async Task<TimeSpan> ConsumeAsync(Handler handler, int records)
        {
            using var stop = new CancellationTokenSource();
            var runtime = new ConsumerRuntime(handler, _log, new(), TimeProvider.System, NullLogger<ConsumerRuntime>.Instance);
            var started = Stopwatch.GetTimestamp();
            var running = Task.Run(() => runtime.RunAsync(stop.Token));
            while (handler.Handled < records)
                await Task.Delay(1);
            var elapsed = Stopwatch.GetElapsedTime(started);
            await stop.CancelAsync();
            await running;
            var behind = (await _log.LagAsync(handler.Group, [Topic], CancellationToken.None)).Sum(partition => partition.Lag);
            return behind == 0 ? elapsed : throw new InvalidOperationException($"{handler.Group} stopped {behind} records behind.");
        }

        public void Dispose()
        {
            _database.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private sealed class NoListener : IPartitionListener
    {
        public void Assigned(IReadOnlyList<TopicPartition> partitions) { }

        public Task RevokedAsync(IReadOnlyList<TopicPartition> partitions) => Task.CompletedTask;

        public void Lost(IReadOnlyList<TopicPartition> partitions) { }
    }
}
