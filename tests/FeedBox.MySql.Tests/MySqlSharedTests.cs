using System.Data;
using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Pipeline.Relaying;
using FeedBox.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MySqlConnector;

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
            Eventually.TrueAsync(() => log.Records(Topics.PostOriginal).DistinctBy(record => record.Key).Count() == count, $"{count} are published");
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

    [Fact]
    public async Task A_host_that_hangs_in_a_transaction_loses_its_rows_to_the_others()
    {
        var (hanging, living) = (await _server.ProcessAsync(("SilenceTimeout", "00:00:02")), await _server.ProcessAsync());
        var post = (await InsertAsync(living, 1))[0];
        var (held, wakes) = (new TaskCompletionSource(), new TaskCompletionSource());
        var hung = hanging.GetRequiredService<MySqlDatabase>().WriteAsync(async (context, attempt) =>
        {
            if (attempt > 1)
                return attempt;
            await context.Database.ExecuteSqlAsync($"UPDATE posts SET title = 'lost' WHERE id = {post.Id}");
            held.SetResult();
            await wakes.Task;
            return await context.Database.ExecuteSqlAsync($"UPDATE posts SET title = 'lost' WHERE id = {post.Id}");
        }, default);
        await held.Task;

        Assert.True(await ReplaceAsync(living, post));
        wakes.SetResult();
        Assert.Equal(2, await hung); // it finds its transaction gone and does all of it again
        Assert.Equal("after", await _server.ExecuteAsync("SELECT title FROM posts"));
    }

    [Fact]
    public async Task Who_waits_for_a_row_gives_up_soon_and_leaves_the_connections_to_the_others()
    {
        var process = await _server.ProcessAsync(("LockTimeout", "00:00:01"));
        var post = (await InsertAsync(process, 1))[0];
        await using var holder = new MySqlConnection(_server.ConnectionString);
        await holder.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync(IsolationLevel.ReadCommitted);
        await using (var hold = new MySqlCommand("UPDATE posts SET title = 'held'", holder, transaction))
            await hold.ExecuteNonQueryAsync();

        var started = Stopwatch.GetTimestamp();
        var waiting = Enumerable.Range(0, 25).Select(_ => Assert.ThrowsAsync<DependencyUnavailableException>(() => ReplaceAsync(process, post))).ToList();
        await InsertAsync(process, 20);
        await Task.WhenAll(waiting);

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(10));
        await transaction.RollbackAsync();
        Assert.True(await ReplaceAsync(process, post));
    }

    private static Task<bool> ReplaceAsync(IServiceProvider process, Post post) =>
        process.GetRequiredService<IPostStore>().ReplaceAsync(post, post with { Title = "after", Version = post.Version + 1 }, [], default);

    private static Task RelayAsync(IServiceProvider process, IEventLog log, CancellationToken stopping) => Task.Run(() => new OutboxRelay(
        process.GetRequiredService<IOutbox>(), log, process.GetRequiredService<OutboxSignal>(),
        Options.Create(new RelayOptions { PollInterval = TimeSpan.FromMilliseconds(50) }), TimeProvider.System,
        NullLogger<OutboxRelay>.Instance).RunAsync(stopping));

    internal static async Task<IReadOnlyList<Post>> InsertAsync(IServiceProvider process, int count)
    {
        var store = process.GetRequiredService<IPostStore>();
        List<Post> posts = [.. Enumerable.Range(0, count).Select(_ => NewPost())];
        foreach (var post in posts)
            await store.InsertAsync(post, [PostEvents.Created(post)], default);
        return posts;
    }

    internal static Post NewPost()
    {
        var now = DateTimeOffset.UtcNow;
        return new(Guid.CreateVersion7(), 7, 3, "제목", "내용", 1, now, now, null, PostInspection.Pending);
    }
}
