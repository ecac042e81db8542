using FeedBox.Core;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeedBox.UserTeam.Tests;

public sealed class NameDirectoryTests
{
    private readonly ManualTime _time = new();
    private readonly ScriptedUserTeam _userTeam = new();
    private readonly MemoryNameStore _store = new();
    private readonly NameDirectoryOptions _options = new() { BatchWindow = TimeSpan.Zero };

    private NameDirectory Directory(NameDirectoryOptions? options = null, IFollowingsNews? news = null) =>
        new(_userTeam, _store, new() { Names = options ?? _options }, _time, NullLogger<NameDirectory>.Instance, news);

    private static Task<Names> UsersAsync(NameDirectory directory, params long[] ids) => directory.GetNamesAsync(ids, [], default).AsTask();

    [Fact, Trait("Weakness", "H20")]
    public async Task H20_a_page_of_misses_costs_one_call_for_its_users_and_one_for_its_categories()
    {
        var (posts, ids) = await PageAsync(50, Directory());
        var page = await posts.GetPublishedAsync(ids, default);
        Assert.All(page, post => Assert.Equal($"이름{post.Author.Id}", post.Author.Name));
        Assert.All(page, post => Assert.NotNull(post.Category.Name));
        Assert.DoesNotContain(page, post => post.Partial);
        Assert.Equal(["categories", $"users {string.Join(',', Enumerable.Range(1, 50))}"], _userTeam.Calls.Order());
    }

    [Fact, Trait("Weakness", "H20")]
    public async Task H20_without_the_user_team_a_page_is_complete_but_for_the_names()
    {
        _userTeam.Down = true;
        var (posts, ids) = await PageAsync(20, Directory());
        var page = await posts.GetPublishedAsync(ids, default);
        Assert.Equal(ids, page.Select(post => post.Id));
        Assert.All(page, post => Assert.True(post is { Partial: true, Author.Name: null, Category.Name: null }));
    }

    [Fact, Trait("Weakness", "H20")]
    public async Task H20_a_reader_waits_his_budget_and_no_longer_and_loading_goes_on_behind()
    {
        var answer = new TaskCompletionSource();
        _userTeam.Before = () => answer.Task;
        var directory = Directory(new() { BatchWindow = TimeSpan.FromMilliseconds(1) });
        var reading = UsersAsync(directory, 1, 2);
        await EventuallyAsync(() => _time.PendingTimers == 2); // the reader's budget and the window of the load
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await EventuallyAsync(() => _userTeam.Calls.Count == 1);
        _time.Advance(TimeSpan.FromMilliseconds(298));
        await Task.Delay(20);
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var names = await reading;
        Assert.True(names.Partial);
        Assert.Empty(names.Users);

        answer.SetResult();
        await EventuallyAsync(async () => (await UsersAsync(directory, 1, 2)) is { Partial: false, Users.Count: 2 });
        Assert.Single(_userTeam.Calls);
    }

    [Fact, Trait("Weakness", "H20")]
    public async Task H20_concurrent_readers_of_different_names_share_calls()
    {
        var directory = Directory(new() { BatchWindow = TimeSpan.FromMilliseconds(2) });
        var reading = Enumerable.Range(1, 100).Select(id => UsersAsync(directory, id)).ToArray();
        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(2));
            return reading.All(task => task.IsCompleted);
        });
        Assert.All(reading, task => Assert.Single(task.Result.Users));
        Assert.Single(_userTeam.Calls);
    }

    [Fact, Trait("Weakness", "H21")]
    public async Task H21_concurrent_misses_share_one_call()
    {
        for (var round = 0; round < 20; round++)
        {
            // A store of its own: what is loaded is kept behind the readers, maybe in the next round.
            var directory = new NameDirectory(_userTeam, new MemoryNameStore(), new() { Names = _options }, _time, NullLogger<NameDirectory>.Instance);
            _userTeam.Calls.Clear();
            var start = new TaskCompletionSource();
            var readers = Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
            {
                await start.Task;
                return await directory.GetNamesAsync([1, 2, 3], [1], default);
            })).ToArray();
            start.SetResult();
            Assert.All(await Task.WhenAll(readers), names => Assert.True(names is { Partial: false, Users.Count: 3, Categories.Count: 1 }));
            Assert.Equal(3, _userTeam.Calls.Where(call => call.StartsWith("users ")).Sum(call => call.Split(',').Length));
            Assert.Single(_userTeam.Calls, "categories");
        }
    }

    [Fact, Trait("Weakness", "H21")]
    public async Task H21_a_stale_name_is_given_at_once_and_refreshed_once_behind()
    {
        var directory = Directory();
        await UsersAsync(directory, 1);
        _userTeam.Users[1] = "새 이름";
        _time.Advance(TimeSpan.FromMinutes(10));
        var answer = new TaskCompletionSource();
        _userTeam.Before = () => answer.Task;

        for (var i = 0; i < 50; i++)
        {
            var reading = directory.GetNamesAsync([1], [], default);
            Assert.True(reading.IsCompletedSuccessfully);
            var names = await reading;
            Assert.Equal("이름1", names.Users[1]);
            Assert.False(names.Partial);
        }
        answer.SetResult();
        await EventuallyAsync(async () => (await UsersAsync(directory, 1)).Users[1] == "새 이름");
        Assert.Equal(2, _userTeam.Calls.Count);
    }

    [Fact, Trait("Weakness", "H21")]
    public async Task H21_an_outage_costs_one_failed_refresh_a_second_not_one_a_reader()
    {
        var directory = Directory();
        _userTeam.Down = true;
        Assert.True((await UsersAsync(directory, 1)).Partial);
        for (var i = 0; i < 100; i++)
        {
            var reading = directory.GetNamesAsync([1], [], default);
            Assert.True(reading.IsCompletedSuccessfully);
            var names = await reading;
            Assert.True(names.Partial);
        }
        Assert.Single(_userTeam.Calls);
        _time.Advance(TimeSpan.FromSeconds(1));
        _userTeam.Down = false;
        Assert.Equal("이름1", (await UsersAsync(directory, 1)).Users[1]);
    }

    [Fact, Trait("Weakness", "H22")]
    public async Task H22_a_rename_shows_on_posts_that_are_cached_already()
    {
        var directory = Directory();
        var (posts, ids) = await PageAsync(1, directory);
        Assert.Equal("이름1", (await posts.GetPublishedAsync(ids, default))[0].Author.Name);
        _userTeam.Users[1] = "개명";
        _userTeam.Categories[1] = "건강과 운동";
        _time.Advance(TimeSpan.FromMinutes(10));
        await EventuallyAsync(async () => (await posts.GetPublishedAsync(ids, default))[0] is { Author.Name: "개명", Category.Name: "건강과 운동" });
    }

    [Fact]
    public async Task Fresh_names_are_given_without_waiting_for_anything()
    {
        var directory = Directory();
        await directory.GetNamesAsync([1, 2], [1], default);
        _store.BeforeRead = _store.BeforeWrite = _userTeam.Before = () => Task.Delay(Timeout.Infinite);
        var reading = directory.GetNamesAsync([1, 2], [1], default);
        Assert.True(reading.IsCompletedSuccessfully);
        var names = await reading;
        Assert.Equal(2, names.Users.Count);
    }

    [Fact]
    public async Task A_stale_name_outlives_an_outage_of_days_but_not_of_a_week()
    {
        var directory = Directory();
        await UsersAsync(directory, 1);
        _userTeam.Down = true;
        _time.Advance(TimeSpan.FromDays(6));
        Assert.Equal("이름1", (await UsersAsync(directory, 1)).Users[1]);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True((await UsersAsync(directory, 1)) is { Partial: true, Users.Count: 0 });
    }

    [Fact]
    public async Task A_restart_during_an_outage_still_shows_names()
    {
        await UsersAsync(Directory(), 1, 2);
        await EventuallyAsync(() => _store.Rows.Count == 2);
        _userTeam.Down = true;
        _time.Advance(TimeSpan.FromHours(5));
        var names = await UsersAsync(Directory(), 1, 2);
        Assert.Equal(["이름1", "이름2"], names.Users.OrderBy(name => name.Key).Select(name => name.Value));
        Assert.False(names.Partial);
    }

    [Fact]
    public async Task A_stale_name_of_the_store_does_not_wait_for_the_user_team()
    {
        _store.Rows[new("user", 1)] = new("어제 이름", _time.GetUtcNow() - TimeSpan.FromDays(1));
        var answer = new TaskCompletionSource();
        _userTeam.Before = () => answer.Task;
        var directory = Directory();
        Assert.Equal("어제 이름", (await UsersAsync(directory, 1)).Users[1]);
        answer.SetResult();
        await EventuallyAsync(async () => (await UsersAsync(directory, 1)).Users[1] == "이름1");
    }

    [Fact]
    public async Task What_another_process_has_fetched_is_not_asked_again()
    {
        _store.Rows[new("user", 1)] = new("이름1", _time.GetUtcNow() - TimeSpan.FromMinutes(9));
        Assert.Equal("이름1", (await UsersAsync(Directory(), 1)).Users[1]);
        Assert.Empty(_userTeam.Calls);
    }

    [Fact]
    public async Task A_broken_or_hanging_store_costs_no_names()
    {
        _store.BeforeRead = _store.BeforeWrite = () => throw new InvalidOperationException("disk");
        Assert.Single((await UsersAsync(Directory(), 1)).Users);

        _store.BeforeRead = () => Task.Delay(Timeout.Infinite);
        var directory = Directory();
        var reading = UsersAsync(directory, 1);
        await EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return reading.IsCompleted && _userTeam.Calls.Count == 2;
        });
        Assert.Single((await UsersAsync(directory, 1)).Users);
    }

    [Fact]
    public async Task Whom_the_user_team_does_not_know_is_missing_but_not_partial_and_soon_asked_again()
    {
        var directory = Directory();
        Assert.True((await UsersAsync(directory, 1, 999)) is { Partial: false, Users.Count: 1 });
        Assert.True((await UsersAsync(directory, 999)) is { Partial: false, Users.Count: 0 });
        Assert.Single(_userTeam.Calls);
        _userTeam.Users[999] = "새 사람";
        _time.Advance(TimeSpan.FromSeconds(10));
        await EventuallyAsync(async () => (await UsersAsync(directory, 999)).Users.Count == 1);
    }

    [Fact]
    public async Task A_reader_who_gives_up_leaves_the_load_to_the_others()
    {
        var answer = new TaskCompletionSource();
        _userTeam.Before = () => answer.Task;
        var directory = Directory();
        using var impatient = new CancellationTokenSource();
        var first = directory.GetNamesAsync([1], [], impatient.Token).AsTask();
        var second = UsersAsync(directory, 1);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answer.SetResult();
        Assert.Single((await second).Users);
        Assert.Single(_userTeam.Calls);
    }

    [Fact]
    public async Task Memory_is_bounded()
    {
        var directory = Directory(_options with { NameCapacity = 20 });
        for (var id = 1; id <= 200; id++)
            await UsersAsync(directory, id);
        _store.Rows.Clear();
        _userTeam.Calls.Clear();
        await UsersAsync(directory, 200);
        Assert.Empty(_userTeam.Calls);
        await UsersAsync(directory, 1);
        Assert.Single(_userTeam.Calls);
    }

    [Fact]
    public async Task A_required_category_waits_for_the_answer_and_fails_with_the_cause()
    {
        var directory = Directory();
        Assert.Equal(new(1, "건강"), await directory.RequireCategoryAsync(1, default));
        Assert.Null(await directory.RequireCategoryAsync(9, default));
        Assert.Equal(2, _userTeam.Calls.Count);
        Assert.Null(await directory.RequireCategoryAsync(9, default));
        Assert.Equal(2, _userTeam.Calls.Count);

        _userTeam.Down = true;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("건강", (await directory.RequireCategoryAsync(1, default))!.Name);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => Directory().RequireCategoryAsync(2, default).AsTask());
        _userTeam.Before = () => throw new HttpRequestException("500");
        await Assert.ThrowsAsync<HttpRequestException>(() => Directory().RequireCategoryAsync(2, default).AsTask());
        await Assert.ThrowsAsync<HttpRequestException>(() => directory.RequireCategoryAsync(10, default).AsTask());
    }

    [Fact]
    public async Task A_category_made_after_it_was_asked_for_is_found()
    {
        var directory = Directory();
        Assert.Null(await directory.RequireCategoryAsync(9, default));
        _userTeam.Categories[9] = "반려동물";
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("반려동물", (await directory.RequireCategoryAsync(9, default))!.Name);
    }

    [Fact]
    public async Task Followings_are_fresh_for_30_seconds_then_refreshed_behind()
    {
        _userTeam.Followings[1] = [2, 3];
        var directory = Directory();
        Assert.Equal([2, 3], (await directory.GetFollowingsAsync(1, default))!.Order());
        _userTeam.Followings[1] = [4];
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal([2, 3], (await directory.GetFollowingsAsync(1, default))!.Order());
        Assert.Single(_userTeam.Calls);
        _time.Advance(TimeSpan.FromSeconds(1));
        var stale = directory.GetFollowingsAsync(1, default);
        Assert.True(stale.IsCompletedSuccessfully);
        Assert.Equal([2, 3], (await stale)!.Order());
        await EventuallyAsync(async () => (await directory.GetFollowingsAsync(1, default))!.SetEquals([4]));
        Assert.Equal(2, _userTeam.Calls.Count);
    }

    [Fact]
    public async Task Old_followings_are_asked_for_again_and_kept_when_nobody_answers()
    {
        _userTeam.Followings[1] = [2];
        var directory = Directory();
        await directory.GetFollowingsAsync(1, default);
        _userTeam.Followings[1] = [3];
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal([3], await directory.GetFollowingsAsync(1, default));

        _userTeam.Down = true;
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal([3], await directory.GetFollowingsAsync(1, default));
        Assert.Null(await directory.GetFollowingsAsync(2, default));
        var calls = _userTeam.Calls.Count;
        Assert.Null(await directory.GetFollowingsAsync(2, default));
        Assert.Equal(calls, _userTeam.Calls.Count);
    }

    [Fact]
    public async Task After_a_change_the_next_read_asks_again_whatever_was_under_way()
    {
        _userTeam.Followings[1] = [2];
        var directory = Directory();
        var answer = new TaskCompletionSource();
        _userTeam.Before = () => answer.Task;
        var before = directory.GetFollowingsAsync(1, default).AsTask();
        await EventuallyAsync(() => _userTeam.Calls.Count == 1);

        _userTeam.Followings[1] = [2, 3];
        directory.ForgetFollowings(1);
        _userTeam.Down = false;
        Assert.Equal([2, 3], (await directory.GetFollowingsAsync(1, default))!.Order());
        answer.SetResult();
        Assert.Equal([2], await before);
        Assert.Equal([2, 3], (await directory.GetFollowingsAsync(1, default))!.Order());

        _userTeam.Followings[1] = [];
        directory.ForgetFollowings(1);
        Assert.Empty((await directory.GetFollowingsAsync(1, default))!);
    }

    [Fact]
    public async Task What_was_changed_through_one_process_the_others_do_not_show_out_of_their_caches()
    {
        _userTeam.Followings[1] = [2];
        var news = new News();
        var (writes, reads) = (Directory(news: news), Directory(news: news));
        Assert.Equal([2], await reads.GetFollowingsAsync(1, default));

        _userTeam.Followings[1] = [2, 3];
        writes.ForgetFollowings(1);

        Assert.Equal([2, 3], (await reads.GetFollowingsAsync(1, default))!.Order());
    }

    [Fact]
    public async Task Who_could_not_hear_the_others_for_a_while_asks_again_for_everybody_whatever_was_under_way()
    {
        _userTeam.Followings[1] = [2];
        _userTeam.Followings[5] = [6];
        var news = new News();
        var directory = Directory(news: news);
        Assert.Equal([2], await directory.GetFollowingsAsync(1, default));
        var answer = new TaskCompletionSource();
        _userTeam.Before = () => answer.Task;
        var before = directory.GetFollowingsAsync(5, default).AsTask();
        await EventuallyAsync(() => _userTeam.Calls.Count == 2);

        (_userTeam.Followings[1], _userTeam.Followings[5]) = ([3], [7]);
        news.Miss();
        _userTeam.Down = false;
        Assert.Equal([3], await directory.GetFollowingsAsync(1, default));
        answer.SetResult();
        Assert.Equal([6], await before);
        Assert.Equal([7], await directory.GetFollowingsAsync(5, default));

        var calls = _userTeam.Calls.Count;
        Assert.Equal([3], await directory.GetFollowingsAsync(1, default));
        Assert.Equal(calls, _userTeam.Calls.Count);
        news.Miss();
        _userTeam.Down = true;
        Assert.Equal([3], await directory.GetFollowingsAsync(1, default)); // better than nothing
    }

    private sealed class News : IFollowingsNews
    {
        private Action<long>? _changed;
        private Action? _missed;

        public void Miss() => _missed?.Invoke();

        public void Tell(long followerId) => _changed?.Invoke(followerId);

        public void Listen(Action<long> changed, Action missed) => (_changed, _missed) = (_changed + changed, _missed + missed);
    }

    [Fact, Trait("Weakness", "H21")]
    public async Task H21_concurrent_readers_of_a_users_followings_share_one_call()
    {
        _userTeam.Followings[1] = [2];
        for (var round = 0; round < 20; round++)
        {
            _userTeam.Calls.Clear();
            var directory = Directory();
            await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () => Assert.Equal([2], await directory.GetFollowingsAsync(1, default)))));
            Assert.Single(_userTeam.Calls);
        }
    }

    /// <summary>Published posts 1..n by authors 1..n in categories 1 and 2, read past an empty post cache.</summary>
    private async Task<(ReadPosts Posts, Guid[] Ids)> PageAsync(int count, NameDirectory names)
    {
        var store = new MemoryPostStore();
        var ids = new Guid[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = Guid.CreateVersion7();
            var now = _time.GetUtcNow();
            var post = new Post(ids[i], i + 1, i % 2 + 1, "제목", "내용", 1, now, now, null, PostInspection.Pending);
            await store.InsertAsync(post, [], default);
            var approved = post with { Inspection = new(InspectionState.Approved, [], null, now), PublishedVersion = 1 };
            Assert.True(await store.ReplaceAsync(post, approved, [], default));
        }
        return (new(store, new MemoryPostCache(), names), ids);
    }

    private static Task EventuallyAsync(Func<bool> condition) => EventuallyAsync(() => Task.FromResult(condition()));

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var end = Environment.TickCount64 + (long)Eventually.Patience.TotalMilliseconds; Environment.TickCount64 < end;)
        {
            if (await condition())
                return;
            await Task.Delay(5);
        }
        Assert.Fail($"It did not come to that within {Eventually.Patience}.");
    }
}
