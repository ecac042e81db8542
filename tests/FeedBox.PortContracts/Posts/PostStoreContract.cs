using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;

namespace FeedBox.PortContracts.Posts;

/// <summary>What every <see cref="IPostStore"/> promises, the outbox rows of its writes included.</summary>
public abstract class PostStoreContract
{
    protected abstract IPostStore Posts { get; }
    protected abstract IOutbox Outbox { get; }

    private readonly long _author = Some.Id();

    [Fact]
    public async Task A_stored_post_comes_back_byte_for_byte()
    {
        var post = Draft() with
        {
            Title = Some.Text,
            Inspection = new(InspectionState.Rejected, ["맛집", "a\"b"], "이유: " + Some.Text, Some.Time.AddSeconds(1)),
            UpdatedAt = Some.Time.AddSeconds(2),
            DeletedAt = Some.Time.AddSeconds(3),
        };
        await Posts.InsertAsync(post, [], default);

        AssertSame(post, await Posts.FindAsync(post.Id, default));
    }

    [Fact]
    public async Task An_unknown_post_is_not_found() => Assert.Null(await Posts.FindAsync(Guid.CreateVersion7(), default));

    [Fact]
    public async Task Inserting_an_id_again_returns_the_stored_post_and_writes_nothing()
    {
        var post = await InsertAsync();

        var second = await Posts.InsertAsync(post with { Title = "other" }, [PostEvents.Created(post)], default);

        AssertSame(post, second);
        AssertSame(post, await Posts.FindAsync(post.Id, default));
        Assert.Single(await EventsOfAsync(post.Id));
    }

    [Fact]
    public async Task Concurrent_inserts_of_one_id_make_one_post_and_one_event()
    {
        var post = Draft();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() =>
            Posts.InsertAsync(post with { Title = $"title {i}" }, [PostEvents.Created(post)], default))));

        Assert.Single(answers.Select(answer => answer.Title).Distinct());
        Assert.Single(await EventsOfAsync(post.Id));
    }

    [Fact, Trait("Weakness", "H2")]
    public async Task H2_a_deletion_and_its_events_are_one_write()
    {
        var post = await PublishedAsync();
        var deleted = post with { Version = 2, DeletedAt = Some.Time, PublishedVersion = null };

        Assert.True(await Posts.ReplaceAsync(post, deleted, [PostEvents.Deleted(deleted), PostEvents.Withdrawn(deleted, "deleted", Some.Time)], default));

        Assert.Equal(
            [EventTypes.PostCreated, EventTypes.PostApproved, EventTypes.PostDeleted, EventTypes.PostWithdrawn],
            (await EventsOfAsync(post.Id)).Select(e => e.Type));
        Assert.Empty(await Posts.FindPublishedAsync([post.Id], default));
        Assert.True((await Posts.FindAsync(post.Id, default))!.IsDeleted);
    }

    [Fact, Trait("Weakness", "H2")]
    public async Task H2_a_refused_deletion_leaves_no_event_behind()
    {
        var post = await InsertAsync();
        var deleted = post with { Version = 5, DeletedAt = Some.Time };

        Assert.False(await Posts.ReplaceAsync(post with { Version = 4 }, deleted, [PostEvents.Deleted(deleted)], default));

        Assert.Equal([EventTypes.PostCreated], (await EventsOfAsync(post.Id)).Select(e => e.Type));
        Assert.False((await Posts.FindAsync(post.Id, default))!.IsDeleted);
    }

    [Fact]
    public async Task A_basis_with_another_inspection_state_is_refused()
    {
        var post = await InsertAsync();
        var approved = Approve(post);
        Assert.True(await Posts.ReplaceAsync(post, approved, [], default));

        Assert.False(await Posts.ReplaceAsync(post, Approve(post) with { Title = "late" }, [], default));

        AssertSame(approved, await Posts.FindAsync(post.Id, default));
    }

    [Fact]
    public async Task Replacing_an_unknown_post_is_refused()
    {
        var unknown = Draft();
        Assert.False(await Posts.ReplaceAsync(unknown, unknown with { Version = 2 }, [PostEvents.Updated(unknown)], default));
        Assert.Empty(await EventsOfAsync(unknown.Id));
    }

    [Fact]
    public async Task Of_concurrent_replacements_of_one_basis_exactly_one_happens()
    {
        var post = await InsertAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() =>
        {
            var updated = post with { Version = 2, Title = $"title {i}" };
            return Posts.ReplaceAsync(post, updated, [PostEvents.Updated(updated)], default);
        })));

        Assert.Single(results, replaced => replaced);
        Assert.Equal($"title {results.IndexOf(true)}", (await Posts.FindAsync(post.Id, default))!.Title);
        Assert.Equal([EventTypes.PostCreated, EventTypes.PostUpdated], (await EventsOfAsync(post.Id)).Select(e => e.Type));
    }

    [Fact, Trait("Weakness", "H5")]
    public async Task H5_events_of_one_post_keep_their_order_within_one_instant()
    {
        var post = await InsertAsync();
        for (var version = 2; version <= 12; version++)
        {
            var updated = post with { Version = version };
            Assert.True(await Posts.ReplaceAsync(post, updated, [PostEvents.Updated(updated)], default));
            post = updated;
        }

        Assert.Equal(
            Enumerable.Range(1, 12),
            (await EventsOfAsync(post.Id)).Select(e => EventCodec.ReadData(e, EventJson.Default.PostChanged).Version));
    }

    [Theory, Trait("Weakness", "H7")]
    [InlineData("가")]
    [InlineData("\"")]
    [InlineData("\\")]
    [InlineData("\n")]
    [InlineData("👍")]
    [InlineData("<")]
    public async Task H7_the_longest_content_fits_post_snapshot_and_event(string unit)
    {
        var content = string.Concat(Enumerable.Repeat(unit, Post.MaxContentLength / unit.Length));
        var post = Draft() with { Content = content };
        var approved = Approve(post);
        await Posts.InsertAsync(post, [PostEvents.Created(post)], default);
        await Posts.ReplaceAsync(post, approved, [PostEvents.Approved(approved, "여행", first: true, Some.Time)], default);

        Assert.Equal(content, (await Posts.FindAsync(post.Id, default))!.Content);
        Assert.Equal(content, Assert.Single(await Posts.FindPublishedAsync([post.Id], default)).Content);
        Assert.Equal(content, EventCodec.ReadData((await EventsOfAsync(post.Id))[1], EventJson.Default.PostApproved).Content);
    }

    [Fact]
    public async Task The_published_text_stays_while_an_edit_waits_and_goes_when_it_is_rejected()
    {
        var post = await PublishedAsync();
        var edited = post with { Version = 2, Title = "edited", UpdatedAt = Some.Time.AddMinutes(1), Inspection = PostInspection.Pending };
        await Posts.ReplaceAsync(post, edited, [], default);
        AssertSame(Snapshot(post), Assert.Single(await Posts.FindPublishedAsync([post.Id], default)));
        AssertSame(edited, await Posts.FindAsync(post.Id, default));

        var rejected = edited with { Inspection = new(InspectionState.Rejected, [], "no", Some.Time), PublishedVersion = null };
        await Posts.ReplaceAsync(edited, rejected, [], default);
        Assert.Empty(await Posts.FindPublishedAsync([post.Id], default));

        var again = rejected with { Version = 3, Title = "again", Inspection = PostInspection.Pending };
        await Posts.ReplaceAsync(rejected, again, [], default);
        Assert.Empty(await Posts.FindPublishedAsync([post.Id], default));

        var approved = Approve(again);
        await Posts.ReplaceAsync(again, approved, [], default);
        AssertSame(Snapshot(approved), Assert.Single(await Posts.FindPublishedAsync([post.Id], default)));
    }

    [Fact]
    public async Task Published_posts_are_found_together_and_missing_ones_are_left_out()
    {
        var published = new[] { await PublishedAsync(), await PublishedAsync() };
        var pending = await InsertAsync();

        var found = await Posts.FindPublishedAsync([published[1].Id, pending.Id, Guid.CreateVersion7(), published[0].Id], default);

        Assert.Equal(published.Select(post => post.Id).Order(), found.Select(post => post.Id).Order());
        Assert.Empty(await Posts.FindPublishedAsync([], default));
    }

    [Fact]
    public async Task An_authors_posts_are_walked_newest_first_without_deleted_ones()
    {
        var ids = Some.PostIds(25);
        foreach (var id in ids)
            await Posts.InsertAsync(Draft(id), [], default);
        var gone = (await Posts.FindAsync(ids[7], default))!;
        await Posts.ReplaceAsync(gone, gone with { Version = 2, DeletedAt = Some.Time }, [], default);
        await Posts.InsertAsync(Draft() with { AuthorId = Some.Id() }, [], default);

        var walked = await WalkAsync<Post>(before => Posts.ListByAuthorAsync(_author, before, 10, default), post => post.Id);

        Assert.Equal(ids.Where(id => id != gone.Id).Reverse(), walked);
    }

    [Fact]
    public async Task The_published_posts_of_several_authors_are_walked_together_newest_first()
    {
        long[] authors = [_author, Some.Id(), Some.Id(), Some.Id()];
        var ids = Some.PostIds(40);
        for (var i = 0; i < ids.Length; i++)
            await PublishedAsync(ids[i], authors[i * i % 3]);
        await PublishedAsync(author: Some.Id());
        await Posts.InsertAsync(Draft() with { AuthorId = authors[1] }, [], default);

        var walked = await WalkAsync<PublishedPost>(
            before => Posts.ListPublishedByAuthorsAsync([.. authors, authors[0]], before, 7, default), post => post.Id);

        Assert.Equal(ids.Reverse(), walked);
        Assert.Empty(await Posts.ListPublishedByAuthorsAsync([], null, 10, default));
    }

    private static async Task<List<Guid>> WalkAsync<T>(Func<Guid?, Task<IReadOnlyList<T>>> page, Func<T, Guid> id)
    {
        var walked = new List<Guid>();
        while (await page(walked.Count == 0 ? null : walked[^1]) is { Count: > 0 } items)
            walked.AddRange(items.Select(id));
        return walked;
    }

    private Post Draft(Guid? id = null) =>
        new(id ?? Guid.CreateVersion7(), _author, CategoryId: 3, "제목", Some.Text, Version: 1, Some.Time, Some.Time, null, PostInspection.Pending);

    private static Post Approve(Post post) => post with
    {
        Inspection = new(InspectionState.Approved, ["여행", "제주"], null, Some.Time.AddSeconds(1)),
        PublishedVersion = post.Version,
    };

    private async Task<Post> InsertAsync()
    {
        var post = Draft();
        return await Posts.InsertAsync(post, [PostEvents.Created(post)], default);
    }

    private async Task<Post> PublishedAsync(Guid? id = null, long? author = null)
    {
        var post = Draft(id) with { AuthorId = author ?? _author };
        var approved = Approve(post);
        await Posts.InsertAsync(post, [PostEvents.Created(post)], default);
        Assert.True(await Posts.ReplaceAsync(post, approved, [PostEvents.Approved(approved, "여행", first: true, Some.Time)], default));
        return approved;
    }

    private async Task<List<FeedEvent>> EventsOfAsync(Guid postId)
    {
        var key = PostEvents.Key(postId);
        var rows = await Outbox.ReadAsync(OutboxShards.Of(key), int.MaxValue, default);
        return [.. rows.Where(row => row.Message.Key == key).Select(row => EventCodec.Decode(
            new(row.Message.Topic, 0, 0, row.Message.Key, row.Message.Value, row.Message.Headers, row.CreatedAt)))];
    }

    private static PublishedPost Snapshot(Post post) => new(
        post.Id, post.Version, post.AuthorId, post.CategoryId, post.Title, post.Content, post.Inspection.Tags, post.CreatedAt, post.UpdatedAt);

    private static void AssertSame(Post expected, Post? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Inspection.Tags, actual.Inspection.Tags);
        Assert.Equal(expected, actual with { Inspection = actual.Inspection with { Tags = expected.Inspection.Tags } });
    }

    private static void AssertSame(PublishedPost expected, PublishedPost actual)
    {
        Assert.Equal(expected.Tags, actual.Tags);
        Assert.Equal(expected, actual with { Tags = expected.Tags });
    }
}
