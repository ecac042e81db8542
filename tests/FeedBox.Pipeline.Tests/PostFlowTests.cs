using System.Diagnostics;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.Search;
using FeedBox.Core.UserTeam;
using FeedBox.Pipeline.Consuming;
using FeedBox.Sqlite;
using FeedBox.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FeedBox.Pipeline.Tests;

/// <summary>Publish → relay → inspect → relay → cache, inbox and index, over the real log and stores in a SQLite file.</summary>
public sealed class PostFlowTests : IAsyncLifetime
{
    private const long Author = 1, Follower = 2;

    private readonly string _folder = Directory.CreateTempSubdirectory("feedbox-flow-").FullName;
    private readonly MemoryUserTeam _userTeam = new();
    private readonly MemorySearchIndex _index = new();
    private IHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        await _userTeam.FollowAsync(Follower, Author, default);
        _host = await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_post_reaches_inbox_index_and_cache_within_a_moment_and_leaves_them_when_it_is_rejected_or_deleted()
    {
        var post = await PublishAsync("hello");
        await Eventually.TrueAsync(() => IsEverywhere(post.Id, "hello"), "everywhere");
        Assert.Equal(["tag"], (await Service<IPostStore>().FindAsync(post.Id, default))!.Inspection.Tags);

        await Service<ChangePost>().UpdateAsync(post.Id, Author, new("bad", "content", 1), null, default);
        await Eventually.TrueAsync(() => IsNowhere(post.Id, "hello"), "rejected, so withdrawn");

        await Service<ChangePost>().UpdateAsync(post.Id, Author, new("better", "content", 1), null, default);
        await Eventually.TrueAsync(() => IsEverywhere(post.Id, "better"), "approved after the edit");

        await Service<ChangePost>().DeleteAsync(post.Id, Author, null, default);
        await Eventually.TrueAsync(() => IsNowhere(post.Id, "better"), "deleted, so withdrawn");
        await DrainedAsync();
    }

    [Fact]
    public async Task What_was_published_while_nobody_consumed_is_handled_after_a_restart()
    {
        var before = await PublishAsync("before");
        await Eventually.TrueAsync(() => IsEverywhere(before.Id, "before"), "everywhere");
        await StopAsync();

        Guid id;
        using (var idle = Build())
            id = (await idle.Services.GetRequiredService<PublishPost>().ExecuteAsync(Guid.CreateVersion7(), Author, new("during", "content", 1), default)).Id;

        _host = await StartAsync();
        await Eventually.TrueAsync(() => IsEverywhere(id, "during"), "handled after the restart");
        await DrainedAsync();
    }

    [Fact, Trait("Weakness", "H3")]
    public async Task H3_a_burst_of_1000_posts_is_everywhere_within_seconds()
    {
        var started = Stopwatch.GetTimestamp();
        var posts = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => PublishAsync($"burst{i}")));
        await Eventually.TrueAsync(() => posts.All(post => Service<IPostStore>().FindAsync(post.Id, default).Result!.PublishedVersion == 1),
            "all approved");
        await DrainedAsync();
        var elapsed = Stopwatch.GetElapsedTime(started);
        Assert.All(posts, post => Assert.True(IsEverywhere(post.Id, post.Title)));
        Assert.Equal(1_000, await Service<IInboxStore>().CountUnreadAsync(Follower, 2_000, default));
        TestContext.Current.TestOutputHelper?.WriteLine($"1,000 posts were everywhere after {elapsed.TotalSeconds:0.00} s.");
    }

    private Task<Post> PublishAsync(string title) =>
        Service<PublishPost>().ExecuteAsync(Guid.CreateVersion7(), Author, new(title, "content", 1), default);

    private bool IsEverywhere(Guid id, string title) => HasInboxEntry(id) && IsIndexed(id, title) && Cached(id)?.Title == title;

    private bool IsNowhere(Guid id, string title) => !HasInboxEntry(id) && !IsIndexed(id, title) && Cached(id) is null;

    private bool HasInboxEntry(Guid id) => Service<IInboxStore>().ListAsync(Follower, null, 2_000, default).Result.Any(entry => entry.PostId == id);

    private bool IsIndexed(Guid id, string title) =>
        _index.SearchAsync(new(title, null, null, null, 2_000), default).Result.Items.Any(hit => hit.PostId == id && hit.Title.Text == title);

    private PublishedPost? Cached(Guid id) => Service<IPostCache>().GetAsync([id], default).Result.GetValueOrDefault(id)?.Post;

    /// <summary>Nothing is on its way any more, and nothing went to the dead letters.</summary>
    private async Task DrainedAsync()
    {
        var log = Service<IEventLog>();
        await Eventually.TrueAsync(() => Service<IOutbox>().DepthAsync(default).Result == 0 && _host.Services.GetServices<IEventHandler>().All(handler =>
            log.LagAsync(handler.Group, handler.Topics, default).Result.All(partition => partition.Lag == 0)), "drained");
        Assert.All(Service<Consumers>().Statuses, status => Assert.Equal(0, status.DeadLetters));
    }

    private T Service<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    private async Task<IHost> StartAsync()
    {
        var host = Build();
        await host.StartAsync();
        return host;
    }

    private async Task StopAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Configuration.AddInMemoryCollection(
        [
            new("FeedBox:Sqlite:Path", Path.Combine(_folder, "feedbox.db")),
            new("FeedBox:Relay:PollInterval", "01:00:00"), // what arrives was signalled
        ]);
        builder.Services
            .AddFeedBoxSqlite(builder.Configuration)
            .AddFeedBoxPipeline(builder.Configuration)
            .AddSingleton<IPostCache>(new MemoryPostCache())
            .AddSingleton<ICouponGate>(new MemoryCouponGate())
            .AddSingleton<ISearchIndex>(_index)
            .AddSingleton<IUserTeam>(_userTeam)
            .AddSingleton<INameDirectory>(_userTeam)
            .AddSingleton<IPostInspector, WordInspector>()
            .AddSingleton<PublishPost>()
            .AddSingleton<ChangePost>();
        return builder.Build();
    }

    private sealed class WordInspector : IPostInspector
    {
        public string Name => "words";

        public async Task<InspectionVerdict> InspectAsync(InspectionRequest request, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return request.Title.Contains("bad") ? new(false, [], "bad") : new(true, ["tag"], null);
        }
    }
}
