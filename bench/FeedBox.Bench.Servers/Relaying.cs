using System.Diagnostics;
using System.Text.Json;
using FeedBox.Core.Events;
using FeedBox.Kafka;
using FeedBox.MySql;
using FeedBox.MySql.Events;
using FeedBox.Pipeline.Relaying;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MySqlConnector;

namespace FeedBox.Bench.Servers;

/// <summary>
/// An outbox that has filled up while nobody relayed, until it is empty: every event read from MySQL, acknowledged by Kafka and removed.
/// In a database of its own.
/// </summary>
internal static class Relaying
{
    private const int Rounds = 3;

    public static async Task RunAsync(Report report)
    {
        const string bar = "mysql-kafka-relay";
        if (!Server.IsThere(bar, "mysql", "kafka"))
            return;
        var address = new MySqlConnectionStringBuilder(Server.Address("mysql")) { Database = $"feedbox_bench_{Random.Shared.Next():x}" };
        var topic = $"feedbox-bench-{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {address.Database}");
        try
        {
            await using var process = await Server.StartAsync(
                (services, configuration) => services.AddFeedBoxMySql(configuration).AddFeedBoxKafka(configuration),
                KeyValuePair.Create("ConnectionStrings:mysql", (string?)address.ConnectionString));
            var log = process.GetRequiredService<IEventLog>();
            await log.EnsureTopicsAsync([topic], CancellationToken.None);

            var events = report.Size(40_000);
            await RelayAsync(process, topic, events / 10); // warm
            var rates = new double[Rounds];
            for (var round = 0; round < Rounds; round++)
                rates[round] = await RelayAsync(process, topic, events);

            var published = (await log.LagAsync("nobody", [topic], CancellationToken.None)).Sum(partition => partition.End);
            var expected = (Rounds * events) + (events / 10);
            if (published != expected)
                throw new InvalidOperationException($"{published} events are on the topic, not {expected}.");
            var version = await ExecuteAsync("SELECT VERSION()");
            report.Add(bar, Turns.Median(rates), "events/s", Target.AtLeast(5_000),
                $"{events:#,0} waiting events, each read, acknowledged with acks=all and removed; median of {Rounds}; MySQL {version}, {KafkaServer.Name}");
        }
        finally
        {
            await ExecuteAsync($"DROP DATABASE {address.Database}");
            await KafkaServer.DeleteAsync(topic);
        }
    }

    private static async Task<double> RelayAsync(ServiceProvider process, string topic, int events)
    {
        await FillAsync(process, topic, events);
        var outbox = new CountingOutbox(process.GetRequiredService<IOutbox>(), events);
        var relay = new OutboxRelay(
            outbox, process.GetRequiredService<IEventLog>(), process.GetRequiredService<OutboxSignal>(), Options.Create(new RelayOptions()),
            TimeProvider.System, NullLogger<OutboxRelay>.Instance);
        using var stop = new CancellationTokenSource();
        var started = Stopwatch.GetTimestamp();
        var running = Task.Run(() => relay.RunAsync(stop.Token));
        await outbox.Empty.WaitAsync(TimeSpan.FromMinutes(2));
        var elapsed = Stopwatch.GetElapsedTime(started);
        await stop.CancelAsync();
        await running;
        return events / elapsed.TotalSeconds;
    }

    private static async Task FillAsync(ServiceProvider process, string topic, int events)
    {
        var contexts = process.GetRequiredService<IDbContextFactory<FeedBoxDbContext>>();
        await using var context = await contexts.CreateDbContextAsync();
        foreach (var chunk in Enumerable.Range(0, events).Chunk(1_000))
            await OutboxTable.InsertAsync(context,
            [
                .. chunk.Select(_ => new PostChanged(Guid.CreateVersion7(), 1, AuthorId: 1, CategoryId: 2)).Select(post => new OutboundEvent(topic,
                    EventCodec.Create(EventTypes.PostCreated, post.PostId.ToString(), post, EventJson.Default.PostChanged, DateTimeOffset.UtcNow))),
            ], CancellationToken.None);
    }

    private static async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new MySqlConnection(Server.Address("mysql"));
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>The outbox itself, and the moment when all of it was removed.</summary>
    private sealed class CountingOutbox(IOutbox outbox, int events) : IOutbox
    {
        private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _removed;

        public Task Empty => _empty.Task;

        public Task<IReadOnlyList<OutboxRow>> ReadAsync(int shard, int limit, CancellationToken cancellationToken) =>
            outbox.ReadAsync(shard, limit, cancellationToken);

        public async Task RemoveAsync(IReadOnlyList<long> sequences, CancellationToken cancellationToken)
        {
            await outbox.RemoveAsync(sequences, cancellationToken);
            if (Interlocked.Add(ref _removed, sequences.Count) == events)
                _empty.SetResult();
        }

        public Task<long> DepthAsync(CancellationToken cancellationToken) => outbox.DepthAsync(cancellationToken);

        public Task ReleaseAsync(int shard, CancellationToken cancellationToken) => outbox.ReleaseAsync(shard, cancellationToken);
    }
}
