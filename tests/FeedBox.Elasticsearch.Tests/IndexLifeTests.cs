using System.Collections.Concurrent;
using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Search;
using FeedBox.Elasticsearch.Search;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch.Tests;

public sealed class IndexLifeTests(TestIndices indices) : IClassFixture<TestIndices>
{
    private static readonly SearchIndexDefinition Next = SearchIndexDefinition.Current with { Version = 2 };

    private readonly string _alias = indices.NewAlias();

    [Fact]
    public async Task A_write_is_searchable_within_a_second_without_anybody_asking_for_it()
    {
        var index = (await indices.ProcessAsync(_alias)).Index();
        await index.PutAsync(Post("커피 이야기"), default);

        var written = Stopwatch.StartNew();
        while ((await index.SearchAsync(new("커피", null, null, null, 10), default)).Items.Count == 0)
            Assert.True(written.Elapsed < TimeSpan.FromSeconds(3), "not searchable"); // room for a busy machine
    }

    [Fact]
    public async Task Writes_at_the_same_time_share_requests()
    {
        var process = await indices.ProcessAsync(_alias);
        await Task.WhenAll(Enumerable.Range(0, 2_000).Select(i => process.Index().PutAsync(Post($"글 {i}"), default)));

        Assert.InRange(process.GetRequiredService<BulkWriter>().Requests, 1, 100);
        await process.RefreshAsync(_alias);
        Assert.Equal(2_000, await CountAsync(process));
    }

    [Fact]
    public async Task The_trace_of_every_post_leads_to_the_request_that_carried_it()
    {
        var process = await indices.ProcessAsync(_alias);
        var bulks = new ConcurrentBag<Activity>();
        using var source = new ActivitySource(nameof(IndexLifeTests));
        using var listener = new ActivityListener
        {
            ShouldListenTo = listened => listened.Name is Telemetry.Name or nameof(IndexLifeTests),
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = activity =>
            {
                if (activity.OperationName == $"bulk {_alias}")
                    bulks.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);

        var posts = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using var post = source.StartActivity("post", ActivityKind.Consumer, default(ActivityContext))!;
            await process.Index().PutAsync(Post($"글 {i}"), default);
            return post;
        }));

        Assert.InRange(bulks.Count, 1, 100);
        Assert.All(bulks, bulk => Assert.NotEqual(default, bulk.ParentSpanId));
        Assert.All(posts, post =>
        {
            var bulk = bulks.SingleOrDefault(bulk => bulk.ParentSpanId == post.SpanId)
                ?? Assert.Single(bulks, bulk => bulk.Links.Any(link => link.Context.SpanId == post.SpanId));
            Assert.True(bulk.TraceId == post.TraceId || post.Links.Any(link => link.Context.SpanId == bulk.SpanId));
        });
    }

    [Fact]
    public async Task Processes_that_start_together_make_one_index()
    {
        var processes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => indices.ProcessAsync(_alias))));

        await Task.WhenAll(processes.Select(process => process.Index().PutAsync(Post("글"), default)));
        await processes[0].RefreshAsync(_alias);
        Assert.Equal(4, await CountAsync(processes[0]));
    }

    [Fact, Trait("Weakness", "H27")]
    public async Task H27_a_new_version_of_the_index_takes_over_while_posts_are_written_removed_and_searched()
    {
        var old = await indices.ProcessAsync(_alias);
        var posts = Enumerable.Range(0, 2_500).Select(i => Post($"커피 {i}")).ToArray();
        await Task.WhenAll(posts.Select(post => old.Index().PutAsync(post, default)));
        await old.RefreshAsync(_alias);

        using var stop = new CancellationTokenSource();
        var edited = 0;
        var writing = Task.Run(async () =>
        {
            for (; !stop.IsCancellationRequested && edited < 1_000; edited++)
            {
                var i = edited;
                if (i % 10 == 0)
                    await old.Index().RemoveAsync(posts[i].PostId, 2, default);
                else
                    await old.Index().PutAsync(posts[i] with { Version = 2, Title = "고친 홍차" }, default);
            }
        });
        var searching = Task.Run(async () =>
        {
            var empty = 0;
            while (!stop.IsCancellationRequested)
                if ((await old.Index().SearchAsync(new("커피", null, null, null, 10), default)).Items.Count < 10)
                    empty++;
            return empty;
        });

        await Eventually.TrueAsync(() => Volatile.Read(ref edited) > 20, "writing is under way");
        var processes = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => indices.ProcessAsync(_alias, Next))));
        var editedByThen = edited;
        await Eventually.TrueAsync(() => edited > Math.Min(editedByThen + 20, 999), "writing goes on");
        await stop.CancelAsync();
        await writing;

        Assert.Equal(0, await searching);
        var names = await old.Server().SendAsync(HttpMethod.GET, $"/_alias/{_alias}", default);
        Assert.Equal($"{_alias}-v2", Assert.Single(names.EnumerateObject()).Name);
        Assert.Equal($"{_alias}-v2", Assert.Single((await old.Server().SendAsync(HttpMethod.GET, $"/{_alias}-v*/_alias", default)).EnumerateObject()).Name);
        await old.RefreshAsync(_alias);
        var removed = (edited + 9) / 10;
        Assert.Equal(posts.Length - removed, await CountAsync(processes[0]));
        Assert.Equal(edited - removed, await CountAsync(processes[1], title: "홍차"));

        await old.Index().PutAsync(posts[0], default); // an older version of a removed post, late
        await old.RefreshAsync(_alias);
        Assert.Equal(posts.Length - removed, await CountAsync(old));
    }

    [Fact]
    public async Task An_older_index_that_a_process_left_behind_is_removed()
    {
        await indices.Compose(_alias).Server().SendAsync(HttpMethod.PUT, $"/{_alias}-v1", default);

        var process = await indices.ProcessAsync(_alias, Next);

        Assert.Equal($"{_alias}-v2", Assert.Single((await process.Server().SendAsync(HttpMethod.GET, $"/{_alias}-v*/_alias", default)).EnumerateObject()).Name);
    }

    [Fact]
    public async Task An_index_that_is_gone_is_not_made_by_a_write_without_its_mapping()
    {
        var process = indices.Compose(_alias);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => process.Index().PutAsync(Post("글"), patience.Token));
        await Assert.ThrowsAnyAsync<Exception>(() => process.Server().SendAsync(HttpMethod.GET, $"/{_alias}", default));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_says_nothing_else()
    {
        var process = indices.Compose(_alias, address: "http://127.0.0.1:1");

        await Assert.ThrowsAsync<DependencyUnavailableException>(() => process.Index().PutAsync(Post("글"), default));
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => process.Index().SearchAsync(new("글", null, null, null, 10), default));
    }

    [Theory]
    [InlineData("컨텐츠를 만들었다", "콘텐츠")]
    [InlineData("핸드폰을 바꿨다", "휴대폰")]
    [InlineData("인공지능을 배운다", "AI")]
    [InlineData("과일가게에 갔다", "과일")]
    public async Task Other_spellings_and_parts_of_compounds_find_a_post(string content, string query)
    {
        var process = await indices.ProcessAsync(_alias);
        await process.Index().PutAsync(Post("일기") with { Content = content }, default);
        await process.RefreshAsync(_alias);

        Assert.Single((await process.Index().SearchAsync(new(query, null, null, null, 10), default)).Items);
    }

    private async Task<int> CountAsync(IServiceProvider process, string? title = null)
    {
        var seen = new HashSet<Guid>();
        string? cursor = null;
        do
        {
            var page = await process.Index().SearchAsync(new(title ?? "", null, null, cursor, 100), default);
            seen.UnionWith(page.Items.Select(hit => hit.PostId));
            cursor = page.Next;
        }
        while (cursor is not null);
        return seen.Count;
    }

    private static SearchDocument Post(string title) =>
        new(Guid.CreateVersion7(), 1, 7, 1, "이름", title, "본문이 있다", ["일상"], DateTimeOffset.UtcNow);
}
