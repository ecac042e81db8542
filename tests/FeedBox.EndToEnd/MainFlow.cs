using System.Net;
using System.Text.Json.Nodes;

namespace FeedBox.EndToEnd;

/// <summary>Publish → inspect → cache → inbox → search, through the REST API of a process of its own.</summary>
public sealed class MainFlow(MainFlow.Running running) : IClassFixture<MainFlow.Running>
{
    private const long Development = 4;

    public sealed class Running : IAsyncLifetime
    {
        public FeedBoxProcess FeedBox { get; private set; } = null!;

        /// <summary>With the failures that the user team really has.</summary>
        public async ValueTask InitializeAsync() => FeedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0.2");

        public ValueTask DisposeAsync() => FeedBox.DisposeAsync();
    }

    private readonly FeedBoxClient _author = new(running.FeedBox, 11);
    private readonly FeedBoxClient _follower = new(running.FeedBox, 12);
    private readonly FeedBoxClient _stranger = new(running.FeedBox, 13);

    [Fact]
    public async Task A_post_is_approved_tagged_delivered_and_found()
    {
        await _follower.FollowAsync(11);
        var id = await _author.PublishAsync("카프카 파티션을 다시 나눈 이야기", "컨슈머가 느려져 파티션을 늘리고 메시지 키를 바꾸었습니다. 서버를 세 대로 늘렸더니 지연이 사라졌어요.", Development);

        var inspection = await _author.InspectedAsync(id);
        Assert.Equal("approved", inspection["state"]!.GetValue<string>());
        Assert.InRange(inspection["tags"]!.AsArray().Count, 1, 5);

        await FeedBoxClient.UntilAsync(_follower.InboxAsync, inbox => inbox.Contains(id));
        await FeedBoxClient.UntilAsync(() => _stranger.SearchAsync("파티션 나누기"), found => found.Contains(id));

        var seen = await _stranger.GetAsync($"/posts/{id}");
        Assert.Equal("카프카 파티션을 다시 나눈 이야기", seen["title"]!.GetValue<string>());
        Assert.Null(seen["inspection"]);
    }

    [Fact]
    public async Task A_rejected_post_reaches_nobody_and_its_author_hears_why()
    {
        await _follower.FollowAsync(11);
        var id = await _author.PublishAsync("카지노 무료 쿠폰", "바카라 카지노 첫 충전 보너스, 지금 바로 가입하세요 http://a.example http://b.example http://c.example", Development);

        var inspection = await _author.InspectedAsync(id);
        Assert.Equal("rejected", inspection["state"]!.GetValue<string>());
        Assert.False(string.IsNullOrEmpty(inspection["reason"]!.GetValue<string>()));

        var after = await _author.PublishAsync("로그 수집기를 바꾸다", "서버 로그를 모으는 코드를 다시 작성했습니다. 배포가 쉬워졌습니다.", Development);
        await FeedBoxClient.UntilAsync(_follower.InboxAsync, inbox => inbox.Contains(after));
        Assert.DoesNotContain(id, await _follower.InboxAsync());
        Assert.DoesNotContain(id, await _stranger.SearchAsync("카지노"));
        using var refused = await _stranger.SendAsync(HttpMethod.Get, $"/posts/{id}");
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
    }

    [Fact]
    public async Task H17_an_edit_that_is_approved_after_a_rejection_reaches_the_inbox()
    {
        await _follower.FollowAsync(11);
        var id = await _author.PublishAsync("카지노 바카라", "카지노 바카라 첫 충전 보너스 http://a.example http://b.example http://c.example", Development);
        await _author.InspectedAsync(id);

        using var edited = await _author.SendAsync(
            HttpMethod.Put, $"/posts/{id}",
            new { title = "스프링 서버의 메모리 누수 찾기", content = "힙 덤프를 떠서 캐시가 비워지지 않는 코드를 찾았습니다.", categoryId = Development },
            ("If-Match", "\"1\""));
        Assert.Equal(HttpStatusCode.OK, edited.StatusCode);

        await FeedBoxClient.UntilAsync(_follower.InboxAsync, inbox => inbox.Contains(id));
        await FeedBoxClient.UntilAsync(() => _stranger.SearchAsync("메모리 누수"), found => found.Contains(id));
    }

    [Fact]
    public async Task A_deleted_post_leaves_inbox_search_and_cache()
    {
        await _follower.FollowAsync(11);
        var id = await _author.PublishAsync("배포 자동화 되돌아보기", "깃 훅으로 배포하던 서버를 파이프라인으로 옮긴 기록입니다.", Development);
        await FeedBoxClient.UntilAsync(_follower.InboxAsync, inbox => inbox.Contains(id));
        await FeedBoxClient.UntilAsync(() => _stranger.SearchAsync("배포 자동화"), found => found.Contains(id));

        using var deleted = await _author.SendAsync(HttpMethod.Delete, $"/posts/{id}");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        await FeedBoxClient.UntilAsync(_follower.InboxAsync, inbox => !inbox.Contains(id));
        await FeedBoxClient.UntilAsync(() => _stranger.SearchAsync("배포 자동화"), found => !found.Contains(id));
        using var gone = await _stranger.SendAsync(HttpMethod.Get, $"/posts/{id}");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task A_repeated_request_with_one_key_makes_one_post()
    {
        var draft = new { title = "멱등성 키", content = "같은 요청을 두 번 보내도 서버에는 글이 하나만 남는다.", categoryId = Development };
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _author.SendAsync(HttpMethod.Post, "/posts", draft, key)));
        using var again = await _author.SendAsync(HttpMethod.Post, "/posts", draft, key);

        var made = answers.Append(again).Where(answer => answer.StatusCode == HttpStatusCode.Created).ToList();
        var ids = await Task.WhenAll(made.Select(async answer => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["id"]!.GetValue<Guid>()));
        Assert.Single(ids.Distinct());
        Assert.All(answers.Except(made), answer => Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode));
    }
}
