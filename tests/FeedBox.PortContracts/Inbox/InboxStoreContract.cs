using FeedBox.Core.Inbox;

namespace FeedBox.PortContracts.Inbox;

/// <summary>What every <see cref="IInboxStore"/> promises.</summary>
public abstract class InboxStoreContract
{
    protected abstract IInboxStore Inbox { get; }

    private readonly long _author = Some.Id();
    private readonly long _subscriber = Some.Id();
    private readonly Guid _post = Guid.CreateVersion7();

    [Fact]
    public async Task An_entry_comes_back_as_it_was_added()
    {
        await AddAsync([_subscriber, Some.Id()]);

        Assert.Equal(new InboxEntry(_post, _author, Some.Time, null), Assert.Single(await ListAsync()));
        Assert.Empty(await Inbox.ListAsync(Some.Id(), null, 10, default));
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_a_fan_out_resumes_at_its_last_chunk()
    {
        Assert.Equal(new FanOutProgress(false, null), await Inbox.GetFanOutAsync(_post, 1, default));

        await AddAsync([_subscriber], next: "cursor 1");
        Assert.Equal(new FanOutProgress(false, "cursor 1"), await Inbox.GetFanOutAsync(_post, 1, default));
        await AddAsync([Some.Id()], next: "커서 2");
        Assert.Equal(new FanOutProgress(false, "커서 2"), await Inbox.GetFanOutAsync(_post, 1, default));
        await AddAsync([Some.Id()], next: null);

        Assert.True((await Inbox.GetFanOutAsync(_post, 1, default)).Finished);
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_a_chunk_delivered_twice_adds_once_and_keeps_the_read_mark()
    {
        await AddAsync([_subscriber], next: "c");
        Assert.True(await Inbox.MarkReadAsync(_subscriber, _post, Some.Time.AddMinutes(1), default));

        await Inbox.AddAsync(_post, 1, _author, [_subscriber, _subscriber], "c", Some.Time.AddMinutes(2), default);

        Assert.Equal(new InboxEntry(_post, _author, Some.Time, Some.Time.AddMinutes(1)), Assert.Single(await ListAsync()));
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_a_newer_version_keeps_the_read_mark_and_reaches_new_followers()
    {
        await AddAsync([_subscriber]);
        await Inbox.MarkReadAsync(_subscriber, _post, Some.Time, default);
        var newcomer = Some.Id();

        Assert.Equal(new FanOutProgress(false, null), await Inbox.GetFanOutAsync(_post, 2, default));
        await AddAsync([_subscriber, newcomer], version: 2);

        Assert.NotNull(Assert.Single(await ListAsync()).ReadAt);
        Assert.Single(await Inbox.ListAsync(newcomer, null, 10, default));
        Assert.True((await Inbox.GetFanOutAsync(_post, 1, default)).Finished);
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_a_large_chunk_reaches_everyone_once()
    {
        var first = Some.Id();
        var subscribers = Enumerable.Range(0, 5_000).Select(i => first + i).ToArray();
        Random.Shared.Shuffle(subscribers);

        await AddAsync(subscribers, next: "c");
        await AddAsync(subscribers[..100], next: null);

        foreach (var subscriber in subscribers.Where((_, i) => i % 250 == 0).Append(first).Append(first + 4_999))
            Assert.Single(await Inbox.ListAsync(subscriber, null, 10, default));

        await Inbox.WithdrawAsync(_post, 2, default);
        foreach (var subscriber in subscribers.Where((_, i) => i % 250 == 0).Append(first).Append(first + 4_999))
            Assert.Empty(await Inbox.ListAsync(subscriber, null, 10, default));
    }

    [Fact]
    public async Task Nobody_to_add_finishes_a_fan_out_too()
    {
        await AddAsync([]);
        Assert.True((await Inbox.GetFanOutAsync(_post, 1, default)).Finished);
    }

    [Fact]
    public async Task A_fan_out_that_comes_after_the_withdrawal_adds_nothing()
    {
        await AddAsync([_subscriber], next: "c");
        await Inbox.WithdrawAsync(_post, 2, default);

        await AddAsync([_subscriber], next: "d");
        await AddAsync([_subscriber], version: 2);

        Assert.Empty(await ListAsync());
        Assert.True((await Inbox.GetFanOutAsync(_post, 1, default)).Finished);
        Assert.True((await Inbox.GetFanOutAsync(_post, 2, default)).Finished);
    }

    [Fact]
    public async Task A_withdrawal_of_the_version_that_was_fanned_out_removes_it()
    {
        await AddAsync([_subscriber]);
        await Inbox.WithdrawAsync(_post, 1, default);
        await Inbox.WithdrawAsync(_post, 1, default);

        Assert.Empty(await ListAsync());
        Assert.Equal(0, await Inbox.CountUnreadAsync(_subscriber, 10, default));
    }

    [Fact]
    public async Task A_late_withdrawal_of_an_older_version_does_not_undo_a_newer_one()
    {
        await AddAsync([_subscriber], version: 3);
        await Inbox.WithdrawAsync(_post, 2, default);
        Assert.Single(await ListAsync());
    }

    [Fact]
    public async Task A_newer_version_comes_back_after_a_withdrawal()
    {
        await AddAsync([_subscriber]);
        await Inbox.WithdrawAsync(_post, 2, default);

        Assert.False((await Inbox.GetFanOutAsync(_post, 3, default)).Finished);
        await AddAsync([_subscriber], version: 3);

        Assert.Single(await ListAsync());
    }

    [Fact]
    public async Task A_withdrawal_touches_no_other_post()
    {
        var other = Guid.CreateVersion7();
        await AddAsync([_subscriber]);
        await Inbox.AddAsync(other, 1, _author, [_subscriber], null, Some.Time, default);

        await Inbox.WithdrawAsync(_post, 2, default);

        Assert.Equal(other, Assert.Single(await ListAsync()).PostId);
    }

    [Fact]
    public async Task Fan_out_and_withdrawal_at_once_end_withdrawn()
    {
        var first = Some.Id();
        var adding = Task.Run(async () =>
        {
            for (var chunk = 0; chunk < 50; chunk++)
                await AddAsync([.. Enumerable.Range(0, 20).Select(i => first + chunk * 20 + i)], next: "c");
        });
        await Inbox.WithdrawAsync(_post, 2, default);
        await adding;

        for (var i = 0; i < 1_000; i += 37)
            Assert.Empty(await Inbox.ListAsync(first + i, null, 10, default));
    }

    [Fact, Trait("Weakness", "H25")]
    public async Task H25_walking_an_inbox_by_its_last_post_shows_each_entry_once()
    {
        var posts = Some.PostIds(45);
        foreach (var post in posts.OrderBy(_ => Random.Shared.Next()))
            await Inbox.AddAsync(post, 1, _author, [_subscriber], null, Some.Time, default);

        var walked = new List<Guid>();
        var removed = posts[25];
        while (await Inbox.ListAsync(_subscriber, walked.Count == 0 ? null : walked[^1], 10, default) is { Count: > 0 } page)
        {
            walked.AddRange(page.Select(entry => entry.PostId));
            if (walked.Count != 10)
                continue;
            await Inbox.AddAsync(Guid.CreateVersion7(Some.Time.AddDays(1)), 1, _author, [_subscriber], null, Some.Time, default); // arrives meanwhile
            await Inbox.WithdrawAsync(removed, 2, default); // goes meanwhile
        }

        Assert.Equal(posts.Reverse().Where(post => post != removed), walked);
    }

    [Fact]
    public async Task The_first_read_time_stays_and_an_unknown_entry_cannot_be_read()
    {
        await AddAsync([_subscriber]);

        Assert.True(await Inbox.MarkReadAsync(_subscriber, _post, Some.Time.AddMinutes(1), default));
        Assert.True(await Inbox.MarkReadAsync(_subscriber, _post, Some.Time.AddMinutes(2), default));
        Assert.False(await Inbox.MarkReadAsync(_subscriber, Guid.CreateVersion7(), Some.Time, default));
        Assert.False(await Inbox.MarkReadAsync(Some.Id(), _post, Some.Time, default));

        Assert.Equal(Some.Time.AddMinutes(1), Assert.Single(await ListAsync()).ReadAt);
    }

    [Fact]
    public async Task Unread_entries_are_counted_up_to_a_bound()
    {
        var posts = Some.PostIds(12);
        foreach (var post in posts)
            await Inbox.AddAsync(post, 1, _author, [_subscriber], null, Some.Time, default);
        await Inbox.MarkReadAsync(_subscriber, posts[3], Some.Time, default);

        Assert.Equal(11, await Inbox.CountUnreadAsync(_subscriber, 100, default));
        Assert.Equal(5, await Inbox.CountUnreadAsync(_subscriber, 5, default));
        Assert.Equal(0, await Inbox.CountUnreadAsync(Some.Id(), 5, default));
    }

    [Fact]
    public async Task What_comes_twice_is_read_twice_or_goes_is_counted_once()
    {
        var (read, unread) = (Some.PostIds(2)[0], _post);
        for (var twice = 0; twice < 2; twice++)
        {
            await Inbox.AddAsync(read, 1, _author, [_subscriber], null, Some.Time, default);
            await Inbox.AddAsync(unread, 1, _author, [_subscriber], null, Some.Time, default);
            await Inbox.BackfillAsync(_subscriber, [(read, _author), (unread, _author)], Some.Time, default);
            await Inbox.MarkReadAsync(_subscriber, read, Some.Time, default);
            Assert.Equal(1, await Inbox.CountUnreadAsync(_subscriber, 10, default));
        }

        await Inbox.WithdrawAsync(read, 1, default);
        Assert.Equal(1, await Inbox.CountUnreadAsync(_subscriber, 10, default));
        await Inbox.WithdrawAsync(unread, 1, default);
        Assert.Equal(0, await Inbox.CountUnreadAsync(_subscriber, 10, default));
    }

    [Fact]
    public async Task A_backfill_adds_what_is_absent_and_keeps_the_rest()
    {
        await AddAsync([_subscriber]);
        await Inbox.MarkReadAsync(_subscriber, _post, Some.Time, default);
        var older = Guid.CreateVersion7(Some.Time.AddYears(-1));

        await Inbox.BackfillAsync(_subscriber, [(_post, _author), (older, 7)], Some.Time.AddHours(1), default);
        await Inbox.BackfillAsync(_subscriber, [], Some.Time, default);

        Assert.Equal(
            [new(_post, _author, Some.Time, Some.Time), new InboxEntry(older, 7, Some.Time.AddHours(1), null)],
            await ListAsync());
    }

    [Fact]
    public async Task Followings_are_what_was_set_last()
    {
        Assert.Empty(await Inbox.GetFollowingsAsync(_subscriber, default));
        await Inbox.SetFollowingsAsync(_subscriber, [1, 2, 3], default);
        await Inbox.SetFollowingsAsync(_subscriber, [3, 4], default);
        Assert.Equal([3, 4], (await Inbox.GetFollowingsAsync(_subscriber, default)).Order());

        await Inbox.SetFollowingsAsync(_subscriber, [], default);
        Assert.Empty(await Inbox.GetFollowingsAsync(_subscriber, default));
    }

    private Task AddAsync(IReadOnlyList<long> subscribers, int version = 1, string? next = null) =>
        Inbox.AddAsync(_post, version, _author, subscribers, next, Some.Time, default);

    private Task<IReadOnlyList<InboxEntry>> ListAsync() => Inbox.ListAsync(_subscriber, null, 10, default);
}
