using FeedBox.Core;
using FeedBox.Core.Search;
using Xunit;

namespace FeedBox.PortContracts;

/// <summary>
/// What every search index promises. An index may need a moment until a write is seen: <see cref="SettleAsync"/> waits for it.
/// </summary>
public abstract class SearchIndexContract
{
    private const int Economy = 1;
    private const int Sports = 2;

    protected abstract Task<ISearchIndex> CreateAsync();

    protected virtual Task SettleAsync(ISearchIndex index) => Task.CompletedTask;

    [Fact]
    public async Task A_post_is_found_by_a_word_of_its_title_content_or_tags()
    {
        var index = await CreateAsync();
        var post = Post("서울의 봄나들이", "한강 공원에서 자전거를 탔습니다", ["피크닉"]);
        await PutAsync(index, post, Post("주식 시장 전망", "금리가 올랐다", ["경제"]));

        foreach (var query in (string[])["서울", "자전거", "피크닉", "한강 자전거"])
            Assert.Equal([post.PostId], await IdsAsync(index, query));
    }

    [Theory]
    [InlineData("도서관에서 책을 빌렸다", "도서관")]
    [InlineData("도서관에서 책을 빌렸다", "빌리는")]
    [InlineData("이웃을 도와주었습니다", "돕다")]
    [InlineData("날씨가 추워서 집에 있었다", "추운 날씨")]
    [InlineData("음악을 들으며 걸었다", "듣는 음악")]
    [InlineData("빵을 먹었습니다", "먹는 빵")]
    [InlineData("이 노래가 좋았어요", "노래는")]
    public async Task A_query_finds_inflected_text(string content, string query)
    {
        var index = await CreateAsync();
        var post = Post("일기", content);
        await PutAsync(index, post, Post("주식 시장 전망", "금리가 크게 올랐다"));

        Assert.Equal([post.PostId], await IdsAsync(index, query));
    }

    [Fact]
    public async Task A_tag_finds_a_post_whose_text_does_not_contain_it()
    {
        var index = await CreateAsync();
        var post = Post("주말 기록", "산에 다녀왔다", ["등산", "취미생활"]);
        await PutAsync(index, post, Post("주말 기록", "집에서 쉬었다"));

        Assert.Equal([post.PostId], await IdsAsync(index, "등산"));
        Assert.Equal([post.PostId], Ids(await index.SearchAsync(new("", null, "등산", null, 10), default)));
    }

    [Fact]
    public async Task A_match_in_the_title_comes_before_one_in_the_content()
    {
        var index = await CreateAsync();
        var inContent = Post("오늘의 기록", "아침에 커피를 마시고 회의를 했다");
        var inTitle = Post("커피 이야기", "아침에 원두를 갈고 회의를 했다");
        await PutAsync(index, inTitle, inContent);

        Assert.Equal([inTitle.PostId, inContent.PostId], await IdsAsync(index, "커피"));
    }

    [Fact]
    public async Task Category_and_tag_narrow_a_search()
    {
        var index = await CreateAsync();
        var economy = Post("커피 가격", "원두가 비싸졌다", ["물가"], Economy);
        var sports = Post("커피와 운동", "달리기 전의 한 잔", ["건강"], Sports);
        await PutAsync(index, economy, sports);

        Assert.Equal([economy.PostId], Ids(await index.SearchAsync(new("커피", Economy, null, null, 10), default)));
        Assert.Equal([sports.PostId], Ids(await index.SearchAsync(new("커피", null, "건강", null, 10), default)));
        Assert.Empty(Ids(await index.SearchAsync(new("커피", Economy, "건강", null, 10), default)));
        Assert.Empty(Ids(await index.SearchAsync(new("커피", null, "건", null, 10), default)));
    }

    [Fact]
    public async Task An_empty_text_lists_newest_first_within_the_filters()
    {
        var index = await CreateAsync();
        var posts = Enumerable.Range(0, 5).Select(i => Post($"글 {i}", "본문", ["묶음"], i % 2 == 0 ? Economy : Sports)).ToArray();
        await PutAsync(index, [posts[3], posts[0], posts[4], posts[1], posts[2]]);
        var newestFirst = posts.Reverse().Select(post => post.PostId).ToList();

        Assert.Equal(newestFirst, Ids(await index.SearchAsync(new("", null, null, null, 10), default)));
        Assert.Equal(newestFirst, Ids(await index.SearchAsync(new(" ", null, "묶음", null, 10), default)));
        Assert.Equal([posts[4].PostId, posts[2].PostId, posts[0].PostId], Ids(await index.SearchAsync(new("", Economy, null, null, 10), default)));
    }

    [Fact, Trait("Weakness", "H26")]
    public async Task H26_an_update_replaces_in_one_step()
    {
        var index = await CreateAsync();
        var first = Post("사과 이야기", "사과를 땄다");
        await PutAsync(index, first);
        using var stop = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            var gaps = 0;
            while (!stop.IsCancellationRequested)
                if ((await IdsAsync(index, "과일가게")).Count + (await IdsAsync(index, "사과")).Count + (await IdsAsync(index, "과일가게")).Count == 0)
                    gaps++;
            return gaps;
        });

        for (var version = 2; version < 40; version++)
            await index.PutAsync(first with { Version = version, Title = version % 2 == 0 ? "과일가게 사과" : "사과 이야기" }, default);
        await stop.CancelAsync();

        Assert.Equal(0, await reader);
        await index.PutAsync(first with { Version = 40, Title = "배 이야기", Content = "배를 땄다" }, default);
        await SettleAsync(index);
        Assert.Empty(await IdsAsync(index, "사과"));
        Assert.Equal([first.PostId], await IdsAsync(index, "배"));
    }

    [Fact, Trait("Weakness", "H26")]
    public async Task H26_versions_win_whatever_order_they_arrive_in()
    {
        var index = await CreateAsync();
        var post = Post("처음 제목", "내용");
        var edited = post with { Version = 3, Title = "고친 제목" };
        await PutAsync(index, edited, post, edited);
        Assert.Equal([post.PostId], await IdsAsync(index, "고친"));
        Assert.Empty(await IdsAsync(index, "처음"));

        await index.RemoveAsync(post.PostId, 2, default);
        await SettleAsync(index);
        Assert.Equal([post.PostId], await IdsAsync(index, "고친"));

        await index.RemoveAsync(post.PostId, 4, default);
        await index.RemoveAsync(post.PostId, 4, default);
        await PutAsync(index, edited, post with { Version = 4, Title = "늦은 제목" });
        Assert.Empty(await IdsAsync(index, "제목"));

        await PutAsync(index, post with { Version = 5, Title = "다시 쓴 제목" });
        Assert.Equal([post.PostId], await IdsAsync(index, "제목"));
    }

    [Fact, Trait("Weakness", "H26")]
    public async Task H26_a_removal_that_arrives_first_is_remembered()
    {
        var index = await CreateAsync();
        var post = Post("사라진 글", "내용");
        await index.RemoveAsync(post.PostId, 2, default);
        await PutAsync(index, post, post with { Version = 2 });

        Assert.Empty(await IdsAsync(index, "글"));
        Assert.Empty(await IdsAsync(index, ""));
    }

    [Theory, Trait("Weakness", "H28")]
    [InlineData("")]
    [InlineData("커피")]
    [InlineData("커피 가격")]
    public async Task H28_walking_the_pages_shows_every_match_once(string query)
    {
        var index = await CreateAsync();
        var posts = Enumerable.Range(0, 57).Select(i => Post(
            i % 3 == 0 ? "커피 이야기" : "오늘 이야기", i % 2 == 0 ? "커피 가격이 올랐다" : "커피를 마셨다", [$"번호{i % 5}"])).ToArray();
        await PutAsync(index, posts);

        var seen = new List<SearchHit>();
        string? cursor = null;
        do
        {
            var page = await index.SearchAsync(new(query, null, null, cursor, 10), default);
            Assert.InRange(page.Items.Count, 1, 10);
            seen.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(posts.Length, seen.Count);
        Assert.Equal(posts.Length, seen.DistinctBy(hit => hit.PostId).Count());
    }

    [Fact, Trait("Weakness", "H28")]
    public async Task H28_a_removed_post_is_on_no_page()
    {
        var index = await CreateAsync();
        var posts = Enumerable.Range(0, 5).Select(i => Post($"커피 {i}", "본문", ["차"])).ToArray();
        await PutAsync(index, posts);
        await index.RemoveAsync(posts[2].PostId, 2, default);
        await SettleAsync(index);

        Assert.DoesNotContain(posts[2].PostId, await IdsAsync(index, "커피"));
        Assert.DoesNotContain(posts[2].PostId, await IdsAsync(index, ""));
        Assert.DoesNotContain(posts[2].PostId, Ids(await index.SearchAsync(new("", null, "차", null, 10), default)));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("AAAA")]
    [InlineData("-1")]
    [InlineData("//////////////////////////////////////////////////////////")]
    [InlineData("커서")]
    public async Task A_cursor_that_no_page_gave_is_refused(string cursor)
    {
        var index = await CreateAsync();
        var refusal = await Assert.ThrowsAsync<FeedBoxException>(() => index.SearchAsync(new("커피", null, null, cursor, 10), default));
        Assert.Equal("invalid-cursor", refusal.Code);
    }

    [Theory]
    [InlineData("\"")]
    [InlineData("커피\" OR \"주식")]
    [InlineData("커피 NOT 주식")]
    [InlineData("title:커피")]
    [InlineData("커피*")]
    [InlineData("NEAR(커피 주식)")]
    [InlineData("^커피 + {x}")]
    [InlineData("'; DROP TABLE search_posts; --")]
    [InlineData("( ) AND OR")]
    [InlineData("%_\\")]
    [InlineData("🙂👍🏽")]
    public async Task Text_is_words_and_never_syntax(string query)
    {
        var index = await CreateAsync();
        await PutAsync(index, Post("커피", "한 잔"));

        await index.SearchAsync(new(query, null, query, null, 10), default);
        var found = await IdsAsync(index, query);
        Assert.True(found.Count == (query.Contains("커피") ? 1 : 0));
    }

    [Fact]
    public async Task Highlights_mark_what_matched_in_the_stored_text()
    {
        var index = await CreateAsync();
        var filler = string.Concat(Enumerable.Repeat("다른 문장이 이어집니다. ", 40));
        await PutAsync(index, Post("커피를 마시는 시간", $"{filler}에티오피아 커피가 향긋했다. {filler}"));

        var hit = Assert.Single((await index.SearchAsync(new("커피", null, null, null, 10), default)).Items);
        Assert.Equal("커피를 마시는 시간", hit.Title.Text);
        Assert.Contains("커피", Marked(hit.Title));
        Assert.InRange(hit.Snippet.Text.Length, 1, 220);
        Assert.Contains("에티오피아", hit.Snippet.Text);
        Assert.Contains("커피", Marked(hit.Snippet));
    }

    [Fact]
    public async Task Writers_at_once_leave_the_newest_version_of_every_post()
    {
        var index = await CreateAsync();
        var posts = Enumerable.Range(0, 20).Select(i => Post($"글{i}번", "동시에 쓴 글")).ToArray();
        await Task.WhenAll(Enumerable.Range(1, 8).SelectMany(version => posts.Select(post => Task.Run(() =>
            index.PutAsync(post with { Version = version, Content = $"동시에 쓴 글 v{version}" }, default)))));
        await SettleAsync(index);

        var newest = (await index.SearchAsync(new("v8", null, null, null, 100), default)).Items;
        Assert.Equal(20, newest.Count);
        Assert.Empty((await index.SearchAsync(new("v7", null, null, null, 100), default)).Items);
    }

    private static IEnumerable<string> Marked(HighlightedText text) => text.Spans.Select(span => text.Text.Substring(span.Start, span.Length));

    private static List<Guid> Ids(Page<SearchHit> page) => [.. page.Items.Select(hit => hit.PostId)];

    private static async Task<List<Guid>> IdsAsync(ISearchIndex index, string text) =>
        Ids(await index.SearchAsync(new(text, null, null, null, 10), default));

    private async Task PutAsync(ISearchIndex index, params SearchDocument[] posts)
    {
        foreach (var post in posts)
            await index.PutAsync(post, default);
        await SettleAsync(index);
    }

    private static DateTimeOffset _now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private static SearchDocument Post(string title, string content, string[]? tags = null, long category = Economy)
    {
        var now = _now += TimeSpan.FromSeconds(1);
        return new(Guid.CreateVersion7(now), 1, AuthorId: 7, category, "이름", title, content, tags ?? [], now);
    }
}
