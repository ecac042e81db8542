using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Http.Tests;

public sealed class FailedPublicationsTests : IAsyncLifetime
{
    private const long Operator = 1;
    private const string Path = "/ops/failed-publications";

    private readonly MemoryFailedPublications _kept = new();
    private FeedBoxHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await FeedBoxHost.StartAsync(services: services => services.AddSingleton<IFailedPublications>(_kept));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_what_the_log_refused_too_often_is_seen_by_an_operator_and_tried_again_when_he_says_so()
    {
        var refused = await KeepAsync("제주", refusals: 10);
        var item = Assert.Single((await _host.GetAsync(Path, Operator)).Items);
        Assert.Equal((refused, "topic", "key", "coupon.requested", "제주", 6, 10), (item.GetProperty("id").GetGuid(), item.GetProperty("topic").GetString(),
            item.GetProperty("key").GetString(), item.GetProperty("type").GetString(), item.GetProperty("preview").GetString(),
            item.GetProperty("size").GetInt32(), item.GetProperty("refusals").GetInt32()));
        Assert.Equal(default, await _host.Services.GetRequiredService<DirectPublisher>().RestoreAsync(default)); // what happens every minute

        _host.Log.OnAppend = (_, _) => throw new PermanentFailureException("too large");
        await AssertRestoredAsync(restored: 0, refused: 1);
        _host.Log.OnAppend = null;
        await AssertRestoredAsync(restored: 1, refused: 0);

        Assert.Empty((await _host.GetAsync(Path, Operator)).Items);
        Assert.Single(_host.Log.Records("topic"));
    }

    [Fact]
    public async Task The_list_is_paged_oldest_first_and_one_can_be_discarded()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
            ids.Add(await KeepAsync("x", refusals: i));

        var first = await _host.GetAsync($"{Path}?limit=3", Operator);
        var second = await _host.GetAsync($"{Path}?limit=3&cursor={first.Next}", Operator);
        Assert.Equal(ids, first.Items.Concat(second.Items).Select(item => item.GetProperty("id").GetGuid()));
        Assert.Null(second.Next);
        (await _host.GetAsync($"{Path}?limit=101", Operator)).IsProblem(400, "invalid-limit");
        (await _host.GetAsync($"{Path}?cursor=x", Operator)).IsProblem(400, "invalid-cursor");

        Assert.Equal(204, (await _host.SendAsync("DELETE", $"{Path}/{ids[2]}", Operator)).Status);
        Assert.Equal(ids.Where(id => id != ids[2]), (await _host.GetAsync(Path, Operator)).Items.Select(item => item.GetProperty("id").GetGuid()));
    }

    [Fact]
    public async Task Only_operators_may_look_restore_and_discard()
    {
        var id = await KeepAsync("x", refusals: 0);
        foreach (var (method, path) in new[] { ("GET", Path), ("POST", $"{Path}/restore"), ("DELETE", $"{Path}/{id}") })
            (await _host.SendAsync(method, path, 2, (object?)null)).IsProblem(403, "operators-only");
        Assert.Single(_kept.All);
    }

    [Fact]
    public async Task While_the_store_is_down_the_answer_says_so()
    {
        _kept.IsDown = true;
        (await _host.GetAsync(Path, Operator)).IsProblem(503, "dependency-unavailable");
        (await _host.SendAsync("POST", $"{Path}/restore", Operator, (object?)null)).IsProblem(503, "dependency-unavailable");
    }

    [Fact]
    public async Task Where_nothing_is_kept_beside_the_log_the_list_is_empty()
    {
        await using var standalone = await FeedBoxHost.StartAsync();
        Assert.Empty((await standalone.GetAsync(Path, Operator)).Items);
        Assert.Equal(204, (await standalone.SendAsync("DELETE", $"{Path}/{Guid.NewGuid()}", Operator)).Status);
        var answer = await standalone.SendAsync("POST", $"{Path}/restore", Operator, (object?)null);
        Assert.Equal((200, 0), (answer.Status, answer.Body.GetProperty("restored").GetInt32()));
    }

    private async Task AssertRestoredAsync(int restored, int refused)
    {
        var answer = await _host.SendAsync("POST", $"{Path}/restore", Operator, (object?)null);
        Assert.Equal((200, restored, refused), (answer.Status, answer.Body.GetProperty("restored").GetInt32(), answer.Body.GetProperty("refused").GetInt32()));
    }

    private async Task<Guid> KeepAsync(string text, int refusals)
    {
        _host.Time.Advance(TimeSpan.FromMilliseconds(5));
        var publication = new FailedPublication(
            Guid.CreateVersion7(_host.Time.GetUtcNow()), new("topic", "key", System.Text.Encoding.UTF8.GetBytes(text), [new("type", "coupon.requested")]), refusals);
        await _kept.KeepAsync(publication, default);
        return publication.Id;
    }
}
