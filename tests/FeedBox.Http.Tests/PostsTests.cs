using System.Text.Json;

namespace FeedBox.Http.Tests;

public sealed class PostsTests
{
    [Fact]
    public async Task F1_publishing_answers_the_stored_post_with_its_address_and_version()
    {
        await using var host = await FeedBoxHost.StartAsync();

        var answer = await host.SendAsync("POST", "/posts", caller: 3, new { title = "첫 글", content = "안녕하세요", categoryId = 2, authorId = 99, nobodyKnows = true });

        Assert.Equal(201, answer.Status);
        var id = answer.Body.GetProperty("id").GetGuid();
        Assert.Equal($"/posts/{id}", answer.Header("Location"));
        Assert.Equal("\"1\"", answer.Header("ETag"));
        Assert.Equal("pending", answer.Body.GetProperty("inspection").GetProperty("state").GetString());
        var stored = await host.Posts.FindAsync(id, default);
        Assert.Equal((3, 2, "첫 글"), (stored!.AuthorId, stored.CategoryId, stored.Title));
        Assert.Equal(stored.CreatedAt, answer.Body.GetProperty("createdAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Accepted_text_comes_back_byte_for_byte()
    {
        await using var host = await FeedBoxHost.StartAsync();
        string[] texts = ["한글 e\u0301 \u1112\u1161\u11ab", "줄\r\n바꿈\t탭", "<script>alert('x')</script> & \" \\", "👩‍👩‍👧‍👦 🇰🇷", "\u202Eoverride\u202C \uFEFF \uFFFE", "  space around  ", "' OR 1=1; --"];
        foreach (var text in texts)
        {
            var id = await host.PublishAsync(1, text, text);
            var read = (await host.GetAsync($"/posts/{id}", caller: 1)).Body;
            Assert.Equal(text, read.GetProperty("title").GetString());
            Assert.Equal(text, read.GetProperty("content").GetString());
        }
    }

    [Fact]
    public async Task Hangul_goes_out_as_it_is_and_not_escaped()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishAsync(1, "가나다");
        Assert.Contains("가나다", (await host.GetAsync($"/posts/{id}", 1)).Text);
    }

    [Fact]
    public async Task F2_an_update_against_the_version_read_makes_the_next_version()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishApprovedAsync(1, "처음");
        var etag = (await host.GetAsync($"/posts/{id}", 1)).Header("ETag")!;

        var updated = await host.SendAsync("PUT", $"/posts/{id}", 1, new { title = "고침", content = "새 내용", categoryId = 2 }, ("If-Match", etag));

        Assert.Equal((200, "\"2\""), (updated.Status, updated.Header("ETag")));
        Assert.Equal("고침", (await host.GetAsync($"/posts/{id}", 1)).Body.GetProperty("title").GetString());
        Assert.Equal("처음", (await host.GetAsync($"/posts/{id}", 2)).Body.GetProperty("title").GetString());
        Assert.Equal("\"1\"", (await host.GetAsync($"/posts/{id}", 2)).Header("ETag"));
    }

    [Fact]
    public async Task An_update_without_or_against_another_version_changes_nothing()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishAsync(1, "처음");
        var draft = new { title = "고침", content = "새 내용", categoryId = 1 };

        (await host.SendAsync("PUT", $"/posts/{id}", 1, draft)).IsProblem(428, "if-match-required");
        (await host.SendAsync("PUT", $"/posts/{id}", 1, draft, ("If-Match", "\"7\""))).IsProblem(412, "version-mismatch");
        (await host.SendAsync("PUT", $"/posts/{id}", 1, draft, ("If-Match", "\"abc\""))).IsProblem(412, "version-mismatch");
        (await host.SendAsync("PUT", $"/posts/{id}", 1, draft, ("If-Match", "1"))).IsProblem(400, "invalid-if-match");
        (await host.SendAsync("PUT", $"/posts/{id}", 1, draft, ("If-Match", "W/\"1\""))).IsProblem(400, "invalid-if-match");
        (await host.SendAsync("DELETE", $"/posts/{id}", 1, null, ("If-Match", "\"7\""))).IsProblem(412, "version-mismatch");
        Assert.Equal("처음", (await host.GetAsync($"/posts/{id}", 1)).Body.GetProperty("title").GetString());
        Assert.Equal(200, (await host.SendAsync("PUT", $"/posts/{id}", 1, draft, ("If-Match", "*"))).Status);
    }

    [Fact]
    public async Task Of_concurrent_updates_against_one_version_exactly_one_wins()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishAsync(1);

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            host.SendAsync("PUT", $"/posts/{id}", 1, new { title = $"고침 {i}", content = "내용", categoryId = 1 }, ("If-Match", "\"1\""))));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(15, answers.Count(answer => answer.Status == 412));
    }

    [Fact]
    public async Task F3_a_deleted_post_is_gone_for_everyone_and_its_row_stays()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishApprovedAsync(1);

        Assert.Equal(204, (await host.SendAsync("DELETE", $"/posts/{id}", 1)).Status);
        await host.Cache.RemoveAsync(id, 2, default);

        (await host.GetAsync($"/posts/{id}", 1)).IsProblem(404, "post-not-found");
        (await host.GetAsync($"/posts/{id}", 2)).IsProblem(404, "post-not-found");
        Assert.Empty((await host.GetAsync("/posts/mine", 1)).Items);
        (await host.SendAsync("DELETE", $"/posts/{id}", 1)).IsProblem(404, "post-not-found");
        Assert.NotNull((await host.Posts.FindAsync(id, default))!.DeletedAt);
    }

    [Fact]
    public async Task F4_a_post_carries_the_names_of_its_author_and_category()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishApprovedAsync(author: 3, category: 2, tags: ["바다"]);

        var post = (await host.GetAsync($"/posts/{id}", 5)).Body;

        Assert.Equal("사용자3", post.GetProperty("author").GetProperty("name").GetString());
        Assert.Equal("여행", post.GetProperty("category").GetProperty("name").GetString());
        Assert.Equal("바다", post.GetProperty("tags")[0].GetString());
        Assert.Equal(JsonValueKind.Null, post.GetProperty("inspection").ValueKind);
    }

    [Fact, Trait("Weakness", "H18")]
    public async Task H18_what_is_pending_rejected_or_deleted_is_the_authors_alone()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var pending = await host.PublishAsync(1);
        var rejected = await host.PublishAsync(1);
        await host.RejectAsync(rejected, "광고입니다");
        var deleted = await host.PublishApprovedAsync(1);
        await host.GetAsync($"/posts/{deleted}", 2);
        await host.SendAsync("DELETE", $"/posts/{deleted}", 1);
        await host.Cache.RemoveAsync(deleted, 2, default);

        foreach (var id in new[] { pending, rejected, deleted })
        {
            (await host.GetAsync($"/posts/{id}", 2)).IsProblem(404, "post-not-found");
            (await host.GetAsync($"/posts/{id}/inspection", 2)).IsProblem(404, "post-not-found");
            (await host.GetAsync($"/posts/{id}", 2)).IsProblem(404, "post-not-found");
        }
        Assert.Equal("pending", State(await host.GetAsync($"/posts/{pending}", 1)));
        var own = await host.GetAsync($"/posts/{rejected}", 1);
        Assert.Equal("rejected", State(own));
        Assert.Equal("광고입니다", own.Body.GetProperty("inspection").GetProperty("reason").GetString());

        static string? State(Answer answer) => answer.Body.GetProperty("inspection").GetProperty("state").GetString();
    }

    [Fact]
    public async Task The_inspection_is_told_to_the_author_only()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishAsync(1);
        Assert.Equal("pending", (await host.GetAsync($"/posts/{id}/inspection", 1)).Body.GetProperty("state").GetString());
        await host.ApproveAsync(id, "맛집");

        var inspection = (await host.GetAsync($"/posts/{id}/inspection", 1)).Body;

        Assert.Equal("approved", inspection.GetProperty("state").GetString());
        Assert.Equal("맛집", inspection.GetProperty("tags")[0].GetString());
        Assert.Equal(1, inspection.GetProperty("version").GetInt32());
        (await host.GetAsync($"/posts/{id}/inspection", 2)).IsProblem(403, "not-the-author");
    }

    [Fact, Trait("Weakness", "H25")]
    public async Task H25_own_posts_page_by_cursor_each_once_and_newest_first()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var ids = new List<Guid>();
        for (var i = 0; i < 7; i++)
            ids.Insert(0, await host.PublishAsync(1));
        await host.PublishAsync(2);

        var seen = new List<Guid>();
        string? next = null;
        do
        {
            var page = await host.GetAsync($"/posts/mine?limit=3{(next is null ? "" : $"&cursor={next}")}", 1);
            seen.AddRange(page.Items.Select(item => item.GetProperty("id").GetGuid()));
            next = page.Next;
            await host.PublishAsync(1); // newer than every cursor: no later page may show it or shift
        } while (next is not null);

        Assert.Equal(ids, seen);
    }

    [Fact]
    public async Task F10_F30_with_the_user_team_down_posts_are_read_without_names_and_say_so()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var id = await host.PublishApprovedAsync(1);
        host.UserTeam.Down = true;

        var post = await host.GetAsync($"/posts/{id}", 2);

        Assert.Equal(200, post.Status);
        Assert.True(post.Body.GetProperty("partial").GetBoolean());
        Assert.Equal(JsonValueKind.Null, post.Body.GetProperty("author").GetProperty("name").ValueKind);
        Assert.Equal(201, (await host.SendAsync("POST", "/posts", 1, new { title = "제목", content = "내용", categoryId = 1 })).Status);
        Assert.True((await host.GetAsync("/posts/mine", 1)).Body.GetProperty("partial").GetBoolean());
    }
}
