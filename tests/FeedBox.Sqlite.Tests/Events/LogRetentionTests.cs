using FeedBox.Core.Events;
using FeedBox.Sqlite.Events;
using FeedBox.Testing;

namespace FeedBox.Sqlite.Tests.Events;

public sealed class LogRetentionTests : IDisposable
{
    private readonly TestDatabase _file = new(options => options.Partitions = 2);
    private readonly ManualTime _time = new();

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task Records_older_than_a_week_go_and_offsets_go_on()
    {
        var log = await OpenAsync();
        await AppendAsync(log, 2_500);
        _time.Advance(TimeSpan.FromDays(5));
        await AppendAsync(log, 10);
        Assert.Equal(0, await log.TrimAsync(default));

        _time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(2_500, await log.TrimAsync(default));
        Assert.Equal(Enumerable.Range(2_500, 10).Select(i => (long)i), (await ReadAsync(log, "late")).Select(record => record.Offset));

        _time.Advance(TimeSpan.FromDays(8));
        Assert.Equal(10, await log.TrimAsync(default));
        Assert.Empty(await ReadAsync(log, "later"));
        Assert.Equal(0, (await log.LagAsync("later", ["t"], default)).Sum(partition => partition.Lag));
        await AppendAsync(log, 1);
        Assert.Equal(2_510, Assert.Single(await ReadAsync(log, "later")).Offset);
    }

    [Fact]
    public async Task A_reader_behind_the_retention_goes_on_with_what_is_left()
    {
        var log = await OpenAsync();
        await AppendAsync(log, 20);
        await using var reader = log.Subscribe("slow", ["t"], new Listener());
        Assert.Equal(5, (await reader.PollAsync(5, default)).Count);
        _time.Advance(TimeSpan.FromDays(8));
        await AppendAsync(log, 3);
        await log.TrimAsync(default);

        Assert.Equal([20, 21, 22], (await reader.PollAsync(100, default)).Select(record => record.Offset));
    }

    [Fact]
    public async Task Records_ends_and_commits_survive_a_restart()
    {
        var log = await OpenAsync();
        await AppendAsync(log, 10);
        await using (var reader = log.Subscribe("g", ["t"], new Listener()))
        {
            var records = await reader.PollAsync(4, default);
            await reader.CommitAsync(new Dictionary<TopicPartition, long> { [new("t", records[0].Partition)] = 4 }, default);
        }
        _file.Reopen();

        log = await OpenAsync();
        await AppendAsync(log, 2);

        Assert.Equal(Enumerable.Range(4, 8).Select(i => (long)i), (await ReadAsync(log, "g")).Select(record => record.Offset));
        Assert.Equal(8, (await log.LagAsync("g", ["t"], default)).Sum(partition => partition.Lag));
    }

    [Fact]
    public async Task A_topic_that_was_never_made_is_refused()
    {
        var log = await OpenAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => log.AppendAsync([new("unknown", "k", new byte[1], [])], default));
    }

    private async Task<SqliteEventLog> OpenAsync()
    {
        var log = new SqliteEventLog(_file.Database, _file.Options, _time);
        await log.EnsureTopicsAsync(["t"], default);
        return log;
    }

    private static Task AppendAsync(IEventLog log, int count) =>
        log.AppendAsync([.. Enumerable.Range(0, count).Select(i => new LogMessage("t", "one key", new byte[] { 1 }, []))], default);

    private static async Task<IReadOnlyList<LogRecord>> ReadAsync(IEventLog log, string group)
    {
        await using var reader = log.Subscribe(group, ["t"], new Listener());
        return await reader.PollAsync(10_000, default);
    }

    private sealed class Listener : IPartitionListener
    {
        public void Assigned(IReadOnlyList<TopicPartition> partitions) { }
        public Task RevokedAsync(IReadOnlyList<TopicPartition> partitions) => Task.CompletedTask;
        public void Lost(IReadOnlyList<TopicPartition> partitions) { }
    }
}
