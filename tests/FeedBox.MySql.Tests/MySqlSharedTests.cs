using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Pipeline.Relaying;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FeedBox.MySql.Tests;

/// <summary>Several processes on one database.</summary>
public sealed class MySqlSharedTests : IAsyncLifetime
{
    private readonly MySqlServer _server = MySqlServer.Shared();

    public async ValueTask InitializeAsync() => await _server.CreateAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Of_processes_that_start_together_one_makes_the_schema_and_all_can_use_it()
    {
        var processes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(_server.ProcessAsync)));

        foreach (var process in processes)
            await InsertAsync(process, 1);
        Assert.Equal(4L, await _server.ExecuteAsync("SELECT COUNT(*) FROM posts"));
    }

    [Fact, Trait("Weakness", "H48")]
    public async Task H48_two_relays_publish_each_row_once_and_one_takes_over_when_the_other_stops()
    {
        var (one, two) = (await _server.ProcessAsync(), await _server.ProcessAsync());
        var log = new MemoryEventLog();
        using var stopOne = new CancellationTokenSource();
        using var stopTwo = new CancellationTokenSource();
        var (relayOne, relayTwo) = (RelayAsync(one, log, stopOne.Token), RelayAsync(two, log, stopTwo.Token));

        await Task.WhenAll(InsertAsync(one, 100), InsertAsync(two, 100));
        await PublishedAsync(200);
        await stopOne.CancelAsync();
        await relayOne;
        await InsertAsync(one, 50);
        await PublishedAsync(250);
        await stopTwo.CancelAsync();
        await relayTwo;

        Task PublishedAsync(int count) =>
            Eventually.TrueAsync(() => log.Records(Topics.PostOriginal).DistinctBy(record => record.Key).Count() == count, $"{count} are published", TimeSpan.FromSeconds(30));
        Assert.Equal(250, log.Records(Topics.PostOriginal).Count);
    }

    [Fact, Trait("Weakness", "H48")]
    public async Task H48_a_shard_belongs_to_one_process_until_it_is_released_or_its_session_ends()
    {
        var one = (await _server.ProcessAsync()).GetRequiredService<IOutbox>();
        var other = await _server.ProcessAsync();
        var two = other.GetRequiredService<IOutbox>();
        await InsertAsync(other, 40);
        Assert.NotEmpty(await one.ReadAsync(0, 100, default));
        Assert.NotEmpty(await one.ReadAsync(1, 100, default));

        Assert.Empty(await two.ReadAsync(0, 100, default));
        Assert.NotEmpty(await two.ReadAsync(2, 100, default));
        await one.ReleaseAsync(0, default);
        Assert.NotEmpty(await two.ReadAsync(0, 100, default));
        Assert.Empty(await one.ReadAsync(0, 100, default));

        await _server.ExecuteAsync(
            $"SET @session = IS_USED_LOCK('{_server.Database}.outbox.1'); KILL @session", allowVariables: true); // as after 9 s of silence
        await Eventually.TrueAsync(() => two.ReadAsync(1, 100, default).GetAwaiter().GetResult().Count > 0, "the shard is taken over", TimeSpan.FromSeconds(5));
        await Eventually.TrueAsync(() => one.ReadAsync(1, 100, default).GetAwaiter().GetResult().Count == 0, "the former owner has noticed", TimeSpan.FromSeconds(5));
    }

    private static Task RelayAsync(IServiceProvider process, IEventLog log, CancellationToken stopping) => Task.Run(() => new OutboxRelay(
        process.GetRequiredService<IOutbox>(), log, process.GetRequiredService<OutboxSignal>(),
        Options.Create(new RelayOptions { PollInterval = TimeSpan.FromMilliseconds(50) }), TimeProvider.System,
        NullLogger<OutboxRelay>.Instance).RunAsync(stopping));

    internal static async Task InsertAsync(IServiceProvider process, int count)
    {
        var posts = process.GetRequiredService<IPostStore>();
        for (var i = 0; i < count; i++)
        {
            var post = NewPost();
            await posts.InsertAsync(post, [PostEvents.Created(post)], default);
        }
    }

    internal static Post NewPost()
    {
        var now = DateTimeOffset.UtcNow;
        return new(Guid.CreateVersion7(), 7, 3, "제목", "내용", 1, now, now, null, PostInspection.Pending);
    }
}
