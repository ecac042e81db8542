using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.Pipeline.Inbox;
using FeedBox.Testing;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Tests.Inbox;

public sealed class FanOutPostsTests
{
    private const long Author = 1_000_000;

    private readonly ManualTime _time = new();
    private readonly MemoryInboxStore _inbox = new();
    private readonly Followers _followers = new();
    private readonly FanOutPosts _fanOut;
    private readonly Post _post;

    public FanOutPostsTests()
    {
        _fanOut = new(_inbox, _followers, Options.Create(new FanOutOptions()), _time);
        _post = new(Guid.CreateVersion7(), Author, 1, "title", "content", 1, _time.GetUtcNow(), _time.GetUtcNow(), null, PostInspection.Pending);
    }

    [Fact]
    public async Task Each_follower_gets_one_entry_however_often_the_event_comes()
    {
        _followers.Ids = [1, 2, 3];
        var approved = Approved(1);
        await _fanOut.HandleAsync(approved, default);
        await _inbox.MarkReadAsync(1, _post.Id, _time.GetUtcNow(), default);
        await _fanOut.HandleAsync(approved, default);
        Assert.Equal([1, 2, 3], await ReceiversAsync());
        Assert.NotNull(Assert.Single(await _inbox.ListAsync(1, null, 10, default)).ReadAt);
    }

    [Fact, Trait("Weakness", "H17")]
    public async Task H17_a_post_that_is_approved_only_after_an_edit_reaches_the_inboxes()
    {
        _followers.Ids = [1, 2];
        await _fanOut.HandleAsync(Withdrawn(1), default);
        await _fanOut.HandleAsync(Approved(2), default);
        Assert.Equal([1, 2], await ReceiversAsync());

        _followers.Ids = [1, 2, 3];
        await _inbox.MarkReadAsync(1, _post.Id, _time.GetUtcNow(), default);
        await _fanOut.HandleAsync(Approved(3, first: false), default);
        Assert.Equal([1, 2, 3], await ReceiversAsync());
        Assert.NotNull(Assert.Single(await _inbox.ListAsync(1, null, 10, default)).ReadAt);
    }

    [Fact]
    public async Task A_withdrawn_post_leaves_every_inbox_and_an_older_approval_does_not_bring_it_back()
    {
        _followers.Ids = [1, 2];
        await _fanOut.HandleAsync(Approved(1), default);
        await _fanOut.HandleAsync(Withdrawn(2), default);
        Assert.Empty(await ReceiversAsync());
        await _fanOut.HandleAsync(Approved(1), default);
        Assert.Empty(await ReceiversAsync());
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_a_fan_out_goes_in_chunks_and_a_crash_resumes_at_the_checkpoint()
    {
        _followers.Ids = [.. Enumerable.Range(1, 5_500).Select(i => (long)i)];
        _followers.FailAt = 4;
        _followers.FailuresAtOnce = int.MaxValue;
        var crashed = _fanOut.HandleAsync(Approved(1), default);
        await Eventually.TrueAsync(() => crashed.IsCompleted, _time, TimeSpan.FromSeconds(1), "given up");
        await Assert.ThrowsAsync<HttpRequestException>(() => crashed);
        Assert.Equal(3_000, (await ReceiversAsync()).Count);

        _followers.FailAt = null;
        _followers.Asked.Clear();
        var resumed = new FanOutPosts(_inbox, _followers, Options.Create(new FanOutOptions()), _time);
        await resumed.HandleAsync(Approved(1), default);
        Assert.Equal(["3000", "4000", "5000"], _followers.Asked);
        Assert.All(_followers.Limits, limit => Assert.Equal(1_000, limit));
        Assert.Equal(5_500, (await ReceiversAsync()).Count);
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_now_and_then_a_failing_page_does_not_use_up_the_retries_of_a_long_fan_out()
    {
        _followers.Ids = [.. Enumerable.Range(1, 30_000).Select(i => (long)i)];
        _followers.FailEach = 3;
        var running = _fanOut.HandleAsync(Approved(1), default);
        await Eventually.TrueAsync(() => running.IsCompleted, _time, TimeSpan.FromSeconds(1), "finished");
        await running;
        Assert.Equal(30_000, (await ReceiversAsync()).Count);
    }

    [Fact, Trait("Weakness", "H11")]
    public async Task H11_an_unavailable_user_team_is_told_on_at_once()
    {
        _followers.Ids = [.. Enumerable.Range(1, 2_000).Select(i => (long)i)];
        _followers.UnavailableAt = 2;
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => _fanOut.HandleAsync(Approved(1), default));
        Assert.Equal(1_000, (await ReceiversAsync()).Count);
    }

    private FeedEvent Approved(int version, bool first = true) => PostEvents.Approved(_post with { Version = version }, "기술", first, _time.GetUtcNow()).Event;

    private FeedEvent Withdrawn(int version) => PostEvents.Withdrawn(_post with { Version = version }, "rejected", _time.GetUtcNow()).Event;

    private async Task<IReadOnlyList<long>> ReceiversAsync()
    {
        var receivers = new List<long>();
        foreach (var follower in _followers.Ids)
            if ((await _inbox.ListAsync(follower, null, 10, default)).Any(entry => entry.PostId == _post.Id))
                receivers.Add(follower);
        return receivers;
    }

    /// <summary>One author's followers, in pages, with failures by the number of the call.</summary>
    private sealed class Followers : IUserTeam
    {
        private int _calls;

        public IReadOnlyList<long> Ids { get; set; } = [];
        public int? FailAt { get; set; }
        public int FailuresAtOnce { get; set; } = 1;
        public int? FailEach { get; set; }
        public int? UnavailableAt { get; set; }
        public List<string?> Asked { get; } = [];
        public List<int> Limits { get; } = [];

        public Task<Page<long>> GetFollowersAsync(long followingId, string? cursor, int limit, CancellationToken cancellationToken)
        {
            var call = ++_calls;
            if (call == UnavailableAt)
                throw new DependencyUnavailableException("user team", TimeSpan.FromSeconds(5));
            if ((call >= FailAt && call - FailAt < FailuresAtOnce) || call % FailEach == 0)
                throw new HttpRequestException("500");
            Asked.Add(cursor);
            Limits.Add(limit);
            var after = cursor is null ? 0 : long.Parse(cursor);
            return Task.FromResult(Paging.Cut([.. Ids.Where(id => id > after).Take(limit + 1)], limit, id => id.ToString()));
        }

        public Task<User?> GetUserAsync(long id, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<IReadOnlyList<User>> GetUsersAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<Category?> GetCategoryAsync(long id, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<IReadOnlyList<Category>> GetCategoriesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<IReadOnlyList<long>> GetFollowingsAsync(long followerId, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task FollowAsync(long followerId, long followingId, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task UnfollowAsync(long followerId, long followingId, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
