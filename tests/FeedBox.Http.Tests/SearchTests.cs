namespace FeedBox.Http.Tests;

public sealed class SearchTests
{
    [Fact]
    public async Task F18_search_answers_matching_posts_with_highlights_filtered_by_category_and_tag()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var sea = await host.PublishApprovedAsync(1, "제주 바다", "제주 여행을 다녀왔다", category: 2, "바다", "제주");
        var food = await host.PublishApprovedAsync(2, "제주 흑돼지", "맛있다", category: 3, "맛집");
        await host.PublishApprovedAsync(2, "서울 산책", "걷기", category: 2);

        Assert.Equal([food, sea], await IdsAsync("q=제주"));
        Assert.Equal([sea], await IdsAsync("q=제주&category=2"));
        Assert.Equal([food], await IdsAsync("tag=맛집"));
        Assert.Equal(3, (await IdsAsync("")).Length);
        var hit = (await host.GetAsync("/search?q=제주&tag=바다", 5)).Items.Single();
        var title = hit.GetProperty("title");
        var span = title.GetProperty("spans")[0];
        Assert.Equal("제주", title.GetProperty("text").GetString()!.Substring(span.GetProperty("start").GetInt32(), span.GetProperty("length").GetInt32()));
        Assert.Equal("사용자1", hit.GetProperty("post").GetProperty("author").GetProperty("name").GetString());

        async Task<Guid[]> IdsAsync(string query) => Ids(await host.GetAsync($"/search?{query}", 5));
    }

    [Fact, Trait("Weakness", "H28")]
    public async Task H28_a_hit_that_is_no_longer_published_is_not_shown()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var kept = await host.PublishApprovedAsync(1, "공지");
        var deleted = await host.PublishApprovedAsync(1, "공지");
        var rejected = await host.PublishApprovedAsync(1, "공지");
        await host.SendAsync("DELETE", $"/posts/{deleted}", 1);
        await host.Cache.RemoveAsync(deleted, 2, default);
        await host.RejectAsync(rejected, "내려감");

        Assert.Equal([kept], Ids(await host.GetAsync("/search?q=공지", 5))); // the index still holds all three
    }

    [Fact, Trait("Weakness", "H28")]
    public async Task H28_search_pages_by_cursor_to_the_end()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var ids = new HashSet<Guid>();
        for (var i = 0; i < 11; i++)
            ids.Add(await host.PublishApprovedAsync(1, $"연재 {i}"));

        var seen = new List<Guid>();
        string? next = null;
        do
        {
            var page = await host.GetAsync($"/search?q=연재&limit=4{(next is null ? "" : $"&cursor={Uri.EscapeDataString(next)}")}", 5);
            seen.AddRange(Ids(page));
            next = page.Next;
        } while (next is not null);

        Assert.Equal(11, seen.Count);
        Assert.True(ids.SetEquals(seen));
    }

    [Theory]
    [InlineData("category=abc", "invalid-category")]
    [InlineData("category=-1", "invalid-category")]
    [InlineData("category=99999999999999999999", "invalid-category")]
    [InlineData("q=%00", "q-invalid-text")]
    [InlineData("tag=%00", "tag-invalid-text")]
    [InlineData("cursor=nonsense", "invalid-cursor")]
    [InlineData("cursor=", "invalid-cursor")]
    [InlineData("limit=0", "invalid-limit")]
    [InlineData("limit=-1", "invalid-limit")]
    [InlineData("limit=101", "invalid-limit")]
    [InlineData("limit=99999999999", "invalid-limit")]
    [InlineData("limit=ten", "invalid-limit")]
    [InlineData("limit=1&limit=2", "invalid-limit")]
    public async Task A_bad_query_is_refused_with_its_code(string query, string code)
    {
        await using var host = await FeedBoxHost.StartAsync();
        (await host.GetAsync($"/search?{query}", 1)).IsProblem(400, code);
    }

    [Fact]
    public async Task A_query_is_words_and_never_syntax()
    {
        await using var host = await FeedBoxHost.StartAsync();
        foreach (var q in new[] { "\"", "a OR b", "NEAR(a b)", "title:x", "*", "') DROP TABLE posts; --", "{a b}", "^", "AND" })
            Assert.Equal(200, (await host.GetAsync($"/search?q={Uri.EscapeDataString(q)}", 1)).Status);
        (await host.GetAsync($"/search?q={new string('가', 201)}", 1)).IsProblem(400, "q-too-long");
    }

    private static Guid[] Ids(Answer answer) => [.. answer.Items.Select(item => item.GetProperty("post").GetProperty("id").GetGuid())];
}
