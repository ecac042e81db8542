using FeedBox.Core.Inbox;

namespace FeedBox.Http.Tests;

public sealed class InboxTests
{
    private const long Reader = 9;

    [Fact]
    public async Task F17_the_inbox_shows_followed_authors_newest_first_with_names()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        await host.SendAsync("PUT", "/followings/2", Reader);
        var first = await host.PublishApprovedAsync(1, "하나");
        await host.PublishApprovedAsync(3, "남의 글");
        var second = await host.PublishApprovedAsync(2, "둘");
        await host.PublishAsync(1, "아직");

        var inbox = await host.GetAsync("/inbox", Reader);

        Assert.Equal([second, first], inbox.Items.Select(Id));
        Assert.Equal("사용자2", inbox.Items[0].GetProperty("post").GetProperty("author").GetProperty("name").GetString());
        Assert.False(inbox.Body.GetProperty("partial").GetBoolean());
        Assert.Null(inbox.Next);
    }

    [Fact, Trait("Weakness", "H24")]
    public async Task H24_read_marks_are_set_once_and_counted()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        var id = await host.PublishApprovedAsync(1);
        await host.PublishApprovedAsync(1);
        Assert.Equal(2, await UnreadAsync(host));

        Assert.Equal(204, (await host.SendAsync("PUT", $"/inbox/{id}/read", Reader)).Status);
        var readAt = (await host.GetAsync("/inbox", Reader)).Items[1].GetProperty("readAt").GetDateTimeOffset();
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(204, (await host.SendAsync("PUT", $"/inbox/{id}/read", Reader)).Status);

        Assert.Equal(readAt, (await host.GetAsync("/inbox", Reader)).Items[1].GetProperty("readAt").GetDateTimeOffset());
        Assert.Equal(1, await UnreadAsync(host));
        (await host.SendAsync("PUT", $"/inbox/{Guid.NewGuid()}/read", Reader)).IsProblem(404, "inbox-entry-not-found");
    }

    [Fact, Trait("Weakness", "H24")]
    public async Task H24_an_unfollowed_author_leaves_the_inbox_and_the_count_and_comes_back_when_followed_again()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        await host.SendAsync("PUT", "/followings/2", Reader);
        var kept = await host.PublishApprovedAsync(2);
        var hidden = await host.PublishApprovedAsync(1);

        await host.SendAsync("DELETE", "/followings/1", Reader);
        Assert.Equal([kept], (await host.GetAsync("/inbox", Reader)).Items.Select(Id));
        Assert.Equal(1, await UnreadAsync(host));

        await host.SendAsync("PUT", "/followings/1", Reader);
        Assert.Equal([hidden, kept], (await host.GetAsync("/inbox", Reader)).Items.Select(Id));
    }

    [Fact, Trait("Weakness", "H24")]
    public async Task H24_a_new_follower_gets_the_authors_latest_posts_to_begin_with()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var all = new List<Guid>();
        for (var i = 0; i < ReadInbox.BackfilledPosts + 3; i++)
            all.Insert(0, await host.PublishApprovedAsync(1));
        Assert.Empty((await host.GetAsync("/inbox", Reader)).Items);

        await host.SendAsync("PUT", "/followings/1", Reader);

        Assert.Equal(all.Take(ReadInbox.BackfilledPosts), (await host.GetAsync("/inbox?limit=100", Reader)).Items.Select(Id));
    }

    [Fact, Trait("Weakness", "H24")]
    public async Task H24_who_leaves_an_author_and_comes_back_without_a_look_gets_what_was_published_meanwhile()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        var before = await host.PublishApprovedAsync(1);
        Assert.Equal([before], (await host.GetAsync("/inbox", Reader)).Items.Select(Id));
        await host.SendAsync("PUT", $"/inbox/{before}/read", Reader);

        await host.SendAsync("DELETE", "/followings/1", Reader);
        var meanwhile = await host.PublishApprovedAsync(1);
        await host.SendAsync("PUT", "/followings/1", Reader);

        Assert.Equal(1, await UnreadAsync(host));
        Assert.Equal([meanwhile, before], (await host.GetAsync("/inbox", Reader)).Items.Select(Id));
    }

    [Fact, Trait("Weakness", "H24")]
    public async Task H24_many_new_followings_are_taken_in_over_several_looks_each_bounded()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var authors = ReadInbox.BackfilledAuthors + 5;
        for (var author = 100; author < 100 + authors; author++)
        {
            await host.PublishApprovedAsync(author);
            await host.UserTeam.FollowAsync(Reader, author, default);
        }

        Assert.Equal(ReadInbox.BackfilledAuthors, (await host.GetAsync("/inbox?limit=100", Reader)).Items.Length);
        Assert.Equal(authors, (await host.GetAsync("/inbox?limit=100", Reader)).Items.Length);
    }

    [Fact, Trait("Weakness", "H24")]
    public async Task H24_when_the_followings_are_unknown_everything_is_shown_and_marked_partial()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        var id = await host.PublishApprovedAsync(1);
        await host.SendAsync("DELETE", "/followings/1", Reader);
        host.UserTeam.Down = true;

        var inbox = await host.GetAsync("/inbox", Reader);

        Assert.Equal([id], inbox.Items.Select(Id));
        Assert.True(inbox.Body.GetProperty("partial").GetBoolean());
        Assert.Equal(1, await UnreadAsync(host));
    }

    [Fact, Trait("Weakness", "H25")]
    public async Task H25_pages_are_full_and_show_each_entry_once_while_posts_arrive_and_vanish()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        var visible = new List<Guid>();
        for (var i = 0; i < 30; i++)
        {
            var id = await host.PublishApprovedAsync(1);
            if (i % 3 == 0)
                await host.RejectAsync(id, "내려감"); // its withdrawal has not reached the inbox yet
            else
                visible.Insert(0, id);
        }

        var seen = new List<Guid>();
        string? next = null;
        do
        {
            var page = await host.GetAsync($"/inbox?limit=7{(next is null ? "" : $"&cursor={next}")}", Reader);
            next = page.Next;
            Assert.True(page.Items.Length == 7 || next is null);
            seen.AddRange(page.Items.Select(Id));
            await host.PublishApprovedAsync(1);
        } while (next is not null);

        Assert.Equal(visible, seen);
    }

    [Fact, Trait("Weakness", "H25")]
    public async Task H25_a_page_that_ends_exactly_at_the_end_has_no_next()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        for (var i = 0; i < 4; i++)
            await host.PublishApprovedAsync(1);

        Assert.Null((await host.GetAsync("/inbox?limit=4", Reader)).Next);
        var cursor = (await host.GetAsync("/inbox?limit=2", Reader)).Next;
        Assert.Null((await host.GetAsync($"/inbox?limit=2&cursor={cursor}", Reader)).Next);
    }

    [Fact]
    public async Task Refilling_a_page_is_bounded_and_its_cursor_goes_on()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        await host.SendAsync("PUT", "/followings/2", Reader);
        var oldest = await host.PublishApprovedAsync(2);
        for (var i = 0; i < 600; i++)
        {
            host.Time.Advance(TimeSpan.FromMilliseconds(2));
            await host.Inbox.BackfillAsync(Reader, [(Guid.CreateVersion7(host.Time.GetUtcNow()), 1)], host.Time.GetUtcNow(), default);
        }
        await host.SendAsync("DELETE", "/followings/1", Reader);

        var page = await host.GetAsync("/inbox", Reader);
        Assert.Empty(page.Items);
        Assert.NotNull(page.Next);
        Assert.Equal([oldest], (await host.GetAsync($"/inbox?cursor={page.Next}", Reader)).Items.Select(Id));
    }

    [Fact, Trait("Weakness", "H20")]
    public async Task H20_a_page_costs_one_store_lookup_and_one_for_names_whatever_its_size()
    {
        await using var host = await FeedBoxHost.StartAsync();
        for (var author = 1; author <= 5; author++)
            await host.SendAsync("PUT", $"/followings/{author}", Reader);
        for (var i = 0; i < 50; i++)
        {
            var id = await host.PublishApprovedAsync(author: i % 5 + 1, category: i % 5 + 1);
            await host.Inbox.BackfillAsync(8, [(id, i % 5 + 1)], host.Time.GetUtcNow(), default);
        }
        await using var cold = await FeedBoxHost.StartAsync(services: services =>
        {
            Replace<Core.Posts.IPostStore>(services, host.Posts);
            Replace<IInboxStore>(services, host.Inbox);
            Replace<Core.UserTeam.INameDirectory>(services, host.UserTeam);
        });
        await cold.GetAsync("/inbox?limit=1", Reader); // the backfill of the first look
        var (lookups, names) = (host.Posts.PublishedLookups, host.UserTeam.NameLookups);

        Assert.Equal(50, (await cold.GetAsync("/inbox?limit=50", Reader)).Items.Length);
        Assert.Equal((lookups + 1, names + 1), (host.Posts.PublishedLookups, host.UserTeam.NameLookups));

        Assert.Equal(50, (await cold.GetAsync("/inbox?limit=50", Reader)).Items.Length);
        Assert.Equal(lookups + 1, host.Posts.PublishedLookups);
    }

    [Fact, Trait("Weakness", "H20")]
    public async Task H20_one_missing_name_costs_that_name_and_not_the_page()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("PUT", "/followings/1", Reader);
        await host.PublishApprovedAsync(1, category: 1);
        await host.PublishApprovedAsync(1, category: 2);
        host.UserTeam.Down = true;

        var inbox = await host.GetAsync("/inbox", Reader);

        Assert.Equal((200, 2), (inbox.Status, inbox.Items.Length));
        Assert.True(inbox.Body.GetProperty("partial").GetBoolean());
        Assert.All(inbox.Items, item => Assert.Equal("제목", item.GetProperty("post").GetProperty("title").GetString()));
    }

    private static Guid Id(System.Text.Json.JsonElement item) => item.GetProperty("post").GetProperty("id").GetGuid();

    private static async Task<int> UnreadAsync(FeedBoxHost host) =>
        (await host.GetAsync("/inbox/unread-count", Reader)).Body.GetProperty("unread").GetInt32();

    private static void Replace<T>(Microsoft.Extensions.DependencyInjection.IServiceCollection services, T instance) where T : class =>
        Microsoft.Extensions.DependencyInjection.Extensions.ServiceCollectionDescriptorExtensions.Replace(
            services, Microsoft.Extensions.DependencyInjection.ServiceDescriptor.Singleton(instance));
}
