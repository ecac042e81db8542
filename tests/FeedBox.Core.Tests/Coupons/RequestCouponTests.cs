using System.Collections.Concurrent;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Coupons;

public sealed class RequestCouponTests
{
    [Fact]
    public async Task The_first_are_accepted_every_repeat_is_told_so_and_the_rest_is_told_that_it_is_sold_out()
    {
        await using var world = new CouponWorld(limit: 2).StartWriter();
        var request = world.Process();

        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 1, default));
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Equal(CouponAnswer.SoldOut, await request.ExecuteAsync(world.Event.Id, 3, default));
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 2, default));
        await world.WrittenAsync();
        Assert.Equal([(1, 1), (2, 2)], world.Store.Coupons.Select(coupon => (coupon.UserId, coupon.Sequence)).Order());
    }

    [Fact]
    public async Task An_unknown_event_is_refused()
    {
        await using var world = new CouponWorld();

        var refusal = await Assert.ThrowsAsync<FeedBoxException>(async () => await world.Process().ExecuteAsync(Guid.CreateVersion7(), 1, default));
        Assert.Equal(("coupon-event-not-found", ProblemKind.NotFound), (refusal.Code, refusal.Kind));
    }

    [Fact, Trait("Weakness", "H34")]
    public async Task H34_a_request_before_the_opening_or_after_the_close_is_refused()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(time: time);
        var later = world.Event with { Id = Guid.CreateVersion7(), OpensAt = world.Event.OpensAt.AddMinutes(1), ClosesAt = world.Event.OpensAt.AddMinutes(2) };
        await world.Store.AddEventAsync(later, default);
        var request = world.Process();

        Assert.Equal(CouponAnswer.NotOpen, await request.ExecuteAsync(later.Id, 1, default));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(later.Id, 1, default));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(CouponAnswer.Closed, await request.ExecuteAsync(later.Id, 1, default));
        Assert.Equal(CouponAnswer.Closed, await request.ExecuteAsync(later.Id, 2, default));
        Assert.Single(world.Log.Records(Topics.CouponRequest));
    }

    [Fact, Trait("Weakness", "H32")]
    public async Task H32_numbering_does_not_start_again_however_long_the_event_lives()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(limit: 1, time: time);
        var year = world.Event with { Id = Guid.CreateVersion7(), ClosesAt = world.Event.OpensAt.AddDays(365) };
        await world.Store.AddEventAsync(year, default);
        var request = world.Process();
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(year.Id, 1, default));

        for (var day = 1; day < 365; day++)
        {
            time.Advance(TimeSpan.FromDays(1));
            Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(year.Id, 1, default));
            Assert.Equal(CouponAnswer.SoldOut, await request.ExecuteAsync(year.Id, 2, default));
        }
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_a_request_the_log_did_not_take_keeps_its_place_and_is_carried_through()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(limit: 2, time: time);
        var request = world.Process();
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        while (await world.WriteAsync() > 0) { }

        world.Log.IsDown = true;
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await request.ExecuteAsync(world.Event.Id, 2, default));
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await request.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Equal(CouponAnswer.SoldOut, await request.ExecuteAsync(world.Event.Id, 3, default));
        time.Advance(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => request.FinishAsync(default));

        world.Log.IsDown = false;
        await request.FinishAsync(default);
        await request.FinishAsync(default);
        Assert.Equal(2, world.Log.Records(Topics.CouponRequest).Count);
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 2, default));
        while (await world.WriteAsync() > 0) { }
        Assert.Equal([1L, 2L], world.Store.Coupons.Select(coupon => coupon.UserId).Order());
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_who_was_told_to_try_again_and_does_is_accepted()
    {
        await using var world = new CouponWorld(limit: 2).StartWriter();
        var request = world.Process();
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        world.Log.OnAppend = (_, _) => throw new IOException("the broker hung up");
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await request.ExecuteAsync(world.Event.Id, 2, default));
        world.Log.OnAppend = null;

        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 2, default));
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_another_process_finishes_what_a_dead_one_reserved()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(limit: 1, time: time);
        var dying = world.Process();
        var appending = HoldAppends(world, until: Task.Delay(Timeout.Infinite));
        var unanswered = dying.ExecuteAsync(world.Event.Id, 1, default).AsTask();
        await appending;
        world.Log.OnAppend = null;

        var living = world.Process();
        await living.FinishAsync(default);
        Assert.Empty(world.Log.Records(Topics.CouponRequest)); // it may still be under way
        time.Advance(TimeSpan.FromSeconds(2.1));
        await living.FinishAsync(default);

        Assert.Single(world.Log.Records(Topics.CouponRequest));
        Assert.Equal(CouponAnswer.AlreadyRequested, await living.ExecuteAsync(world.Event.Id, 1, default));
        Assert.Equal(CouponAnswer.SoldOut, await living.ExecuteAsync(world.Event.Id, 2, default));
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => unanswered);
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_failing_appends_and_lost_acknowledgements_in_a_stampede_still_give_exactly_the_limit()
    {
        await using var world = new CouponWorld(time: new FastTime(20)).StartWriter();
        var random = new Random(7);
        bool Fails()
        {
            lock (random)
                return random.Next(3) == 0;
        }
        world.Log.OnAppend = (_, _) => Fails() ? throw new IOException("lost request") : Task.Delay(1);
        world.Log.OnAppended = _ => { if (Fails()) throw new IOException("lost acknowledgement"); };

        var stampede = new Stampede(world.Event.Id, [world.Process()]);
        await stampede.RunAsync(users: 1_000, requestsEach: 2);
        world.Log.OnAppend = null;
        world.Log.OnAppended = null;
        var process = world.Process();
        await Eventually.TrueAsync(() =>
        {
            process.FinishAsync(default).Wait();
            return world.Store.Coupons.Count == 100;
        }, "every place has become a coupon");

        await stampede.AssertExactAsync(world);
    }

    [Fact, Trait("Weakness", "K5"), Trait("Weakness", "K24")]
    public async Task K5_K24_a_log_that_is_down_in_the_middle_of_a_stampede_is_noticed_by_nobody()
    {
        await using var world = new CouponWorld { Kept = new() };
        var stampede = new Stampede(world.Event.Id, [world.Process(), world.Process()]) { Concurrency = 8 };
        await stampede.RunAsync(users: 30, requestsEach: 2);

        world.Log.IsDown = true;
        await stampede.RunAsync(users: 1_000, requestsEach: 2);
        Assert.Equal(0, stampede.Failures);
        Assert.Equal(100, stampede.Count(CouponAnswer.Accepted));
        // Two processes may carry the same place at the same time: a harmless copy.
        Assert.Equal(70, world.Kept!.All.DistinctBy(kept => kept.Message.Key).Count());

        world.Log.IsDown = false;
        await world.Publisher().RestoreAsync(default);
        Assert.Empty(world.Kept.All);
        Assert.Equal(100, world.Log.Records(Topics.CouponRequest).DistinctBy(record => record.Key).Count());
        await stampede.AssertExactAsync(world.StartWriter());
    }

    [Fact, Trait("Weakness", "H33"), Trait("Weakness", "K24")]
    public async Task H33_K24_a_gate_lost_during_an_outage_of_the_log_is_rebuilt_with_the_places_that_were_promised_meanwhile()
    {
        await using var world = new CouponWorld(limit: 3) { Kept = new() };
        var request = world.Process();
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        world.Log.IsDown = true;
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 3, default));

        world.Gate.Forget();
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await request.ExecuteAsync(world.Event.Id, 4, default));
        world.Log.IsDown = false;
        world.StartWriter();

        await Eventually.TrueAsync(() => request.CountAsync(world.Event, default).Result == 3, "the gate is rebuilt");
        Assert.Equal(CouponAnswer.SoldOut, await request.ExecuteAsync(world.Event.Id, 4, default));
        Assert.Equal([1L, 2L, 3L], world.Store.Coupons.Select(coupon => coupon.UserId).Order());
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 2, default));
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_who_was_published_when_the_gate_was_lost_hears_accepted_and_once()
    {
        await using var world = new CouponWorld(limit: 3).StartWriter();
        var request = world.Process();
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        world.Log.OnAppended = _ =>
        {
            world.Log.OnAppended = null;
            world.Gate.Forget();
        };

        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 2, default));
        await world.WrittenAsync();
        Assert.Equal([1L, 2L], world.Store.Coupons.Select(coupon => coupon.UserId).Order());
    }

    [Fact, Trait("Weakness", "K24")]
    public async Task K24_an_event_opens_whatever_the_log_or_the_store_of_failed_publications_is_doing()
    {
        await using var withoutLog = new CouponWorld { Kept = new() };
        withoutLog.Log.IsDown = true;
        Assert.Equal(CouponAnswer.Accepted, await withoutLog.Process().ExecuteAsync(withoutLog.Event.Id, 1, default));

        await using var withoutStore = new CouponWorld { Kept = new() { IsDown = true } };
        Assert.Equal(CouponAnswer.Accepted, await withoutStore.Process().ExecuteAsync(withoutStore.Event.Id, 1, default));
    }

    [Fact, Trait("Weakness", "K6")]
    public async Task K6_when_neither_log_nor_store_takes_the_request_it_is_refused_and_its_place_is_carried_through_later()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(limit: 2, time: time) { Kept = new() };
        var request = world.Process();
        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        (world.Log.IsDown, world.Kept.IsDown) = (true, true);

        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await request.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Empty(world.Kept.All);
        Assert.Single(world.Log.Records(Topics.CouponRequest));

        world.Kept.IsDown = false;
        time.Advance(TimeSpan.FromSeconds(3));
        await request.FinishAsync(default);
        Assert.Single(world.Kept.All);
        Assert.Equal(CouponAnswer.AlreadyRequested, await request.ExecuteAsync(world.Event.Id, 2, default));
    }

    [Fact]
    public async Task Already_requested_is_said_only_when_the_request_is_durable()
    {
        await using var world = new CouponWorld(time: new ManualTime());
        var request = world.Process();
        await request.ExecuteAsync(world.Event.Id, 9, default);
        var slow = new TaskCompletionSource();
        world.Log.OnAppend = (_, _) => slow.Task;

        var first = request.ExecuteAsync(world.Event.Id, 1, default).AsTask();
        var second = request.ExecuteAsync(world.Event.Id, 1, default).AsTask();
        await Task.Delay(20);
        Assert.False(first.IsCompleted || second.IsCompleted);
        slow.SetResult();

        Assert.Equal([CouponAnswer.Accepted, CouponAnswer.AlreadyRequested], [await first, await second]);
        Assert.Equal(2, world.Log.Records(Topics.CouponRequest).Count);
    }

    [Fact]
    public async Task A_stampede_of_a_thousand_users_gives_exactly_the_limit_with_one_message_each()
    {
        await using var world = new CouponWorld().StartWriter();
        world.Log.OnAppend = (_, _) => Task.Delay(2);
        var stampede = new Stampede(world.Event.Id, [world.Process()]);

        await stampede.RunAsync(users: 1_000, requestsEach: 3);

        Assert.Equal(0, stampede.Failures);
        Assert.Equal(100, stampede.Count(CouponAnswer.Accepted));
        Assert.Equal(200, stampede.Count(CouponAnswer.AlreadyRequested));
        Assert.Equal(2_700, stampede.Count(CouponAnswer.SoldOut));
        Assert.Equal(100, world.Log.Records(Topics.CouponRequest).Count);
        await stampede.AssertExactAsync(world);
    }

    [Theory, Trait("Weakness", "H33")]
    [InlineData(1)]
    [InlineData(3)]
    public async Task H33_a_gate_that_forgets_everything_in_the_middle_of_a_stampede_costs_nobody_anything(int processes)
    {
        await using var world = new CouponWorld(time: new FastTime(5)).StartWriter();
        var random = new Random(processes);
        world.Log.OnAppend = (_, _) =>
        {
            int wait;
            lock (random)
                wait = random.Next(12);
            return Task.Delay(wait);
        };
        var stampede = new Stampede(world.Event.Id, [.. Enumerable.Range(0, processes).Select(_ => world.Process())]) { Concurrency = 8 };

        var running = stampede.RunAsync(users: 1_500, requestsEach: 2);
        for (var loss = 0; loss < 25 && !running.IsCompleted; loss++)
        {
            await Task.Delay(15);
            world.Gate.Forget();
        }
        await running;
        await stampede.RunAsync(users: 1_500, requestsEach: 1); // whoever was told to come back does

        await stampede.AssertExactAsync(world);
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_a_late_message_of_a_lost_gate_takes_nobodys_place()
    {
        await using var world = new CouponWorld(limit: 1).StartWriter();
        var (slow, quick) = (world.Process(), world.Process());
        var held = new TaskCompletionSource();
        var appending = HoldAppends(world, until: held.Task);
        var late = slow.ExecuteAsync(world.Event.Id, 1, default).AsTask();
        await appending;

        world.Gate.Forget();
        world.Log.OnAppend = null;
        Assert.Equal(CouponAnswer.Accepted, await quick.ExecuteAsync(world.Event.Id, 2, default));
        held.SetResult();

        Assert.Equal(CouponAnswer.SoldOut, await late);
        await world.WrittenAsync();
        Assert.Equal([2L], world.Store.Coupons.Select(coupon => coupon.UserId));
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_the_gate_is_rebuilt_only_after_the_writer_has_caught_up()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(limit: 1, time: time);
        Assert.Equal(CouponAnswer.Accepted, await world.Process().ExecuteAsync(world.Event.Id, 1, default));
        world.Gate.Forget();

        var after = world.Process();
        var waiting = after.ExecuteAsync(world.Event.Id, 2, default).AsTask();
        await Eventually.TrueAsync(() => waiting.IsCompleted, time, TimeSpan.FromMilliseconds(100), "the wait is over");
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => waiting);

        while (await world.WriteAsync() > 0) { }
        await Eventually.TrueAsync(
            () => world.Gate.CountAsync(world.Event.Id, default).Result == 1, time, TimeSpan.FromMilliseconds(50), "the gate is loaded");
        Assert.Equal(CouponAnswer.SoldOut, await after.ExecuteAsync(world.Event.Id, 2, default));
        Assert.Equal(CouponAnswer.AlreadyRequested, await after.ExecuteAsync(world.Event.Id, 1, default));
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_a_gate_that_does_not_answer_after_the_append_costs_no_place()
    {
        var time = new ManualTime();
        await using var world = new CouponWorld(limit: 1, time: time);
        var request = world.Process();
        world.Gate.FailsToConfirm = true;
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await request.ExecuteAsync(world.Event.Id, 1, default));
        world.Gate.FailsToConfirm = false;

        Assert.Equal(CouponAnswer.Accepted, await request.ExecuteAsync(world.Event.Id, 1, default));
        while (await world.WriteAsync() > 0) { }
        Assert.Single(world.Store.Coupons);
    }

    [Fact, Trait("Weakness", "H38")]
    public async Task H38_refused_requests_reach_neither_the_log_nor_the_counter()
    {
        await using var world = new CouponWorld(limit: 3).StartWriter();
        var request = world.Process();
        for (var user = 1; user <= 200; user++)
            await request.ExecuteAsync(world.Event.Id, user, default);

        Assert.Equal(3, await world.Gate.CountAsync(world.Event.Id, default));
        Assert.Equal(3, world.Log.Records(Topics.CouponRequest).Count);
    }

    [Fact]
    public async Task Refusals_allocate_nothing()
    {
        await using var world = new CouponWorld(limit: 1).StartWriter();
        var request = world.Process();
        await request.ExecuteAsync(world.Event.Id, 1, default);
        CouponAnswer Ask(long user)
        {
            var answer = request.ExecuteAsync(world.Event.Id, user, default);
            Assert.True(answer.IsCompletedSuccessfully);
            return answer.Result;
        }
        for (var i = 0; i < 100; i++)
            (Ask(1), Ask(2)).ToString();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Ask(1);
            Ask(2);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    /// <summary>Completes once an append is under way and held.</summary>
    private static Task HoldAppends(CouponWorld world, Task until)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Log.OnAppend = (_, _) =>
        {
            reached.TrySetResult();
            return until;
        };
        return reached.Task.WaitAsync(Eventually.Patience);
    }

    /// <summary>Many users at once, through one or more processes; what each was told is kept.</summary>
    private sealed class Stampede(Guid eventId, IReadOnlyList<RequestCoupon> processes)
    {
        private readonly ConcurrentQueue<(long User, CouponAnswer Answer)> _answers = [];
        private int _failures;

        public int Concurrency { get; init; } = 64;
        public int Failures => _failures;

        public int Count(CouponAnswer answer) => _answers.Count(entry => entry.Answer == answer);

        public Task RunAsync(int users, int requestsEach)
        {
            var requests = Enumerable.Range(0, users * requestsEach).Select(i => 1L + i % users).ToArray();
            Random.Shared.Shuffle(requests);
            return Parallel.ForEachAsync(requests.Index(), new ParallelOptions { MaxDegreeOfParallelism = Concurrency }, async (request, _) =>
            {
                try
                {
                    _answers.Enqueue((request.Item, await processes[request.Index % processes.Count].ExecuteAsync(eventId, request.Item, default)));
                }
                catch (DependencyUnavailableException)
                {
                    Interlocked.Increment(ref _failures);
                }
            });
        }

        /// <summary>As many coupons as the limit, each in a place of its own; everybody who was promised one has it, nobody else does.</summary>
        public async Task AssertExactAsync(CouponWorld world)
        {
            await world.WrittenAsync();
            var coupons = world.Store.Coupons;
            Assert.Equal(Enumerable.Range(1, world.Event.Limit), coupons.Select(coupon => coupon.Sequence).Order());
            var holders = coupons.Select(coupon => coupon.UserId).ToHashSet();
            Assert.Equal(world.Event.Limit, holders.Count);
            Assert.All(_answers, entry => Assert.True(entry.Answer == CouponAnswer.SoldOut || holders.Contains(entry.User)));
            Assert.All(_answers.Where(entry => entry.Answer == CouponAnswer.Accepted).CountBy(entry => entry.User), user => Assert.Equal(1, user.Value));
            foreach (var user in _answers.Select(entry => entry.User).Distinct())
                Assert.Equal(
                    holders.Contains(user) ? CouponAnswer.AlreadyRequested : CouponAnswer.SoldOut, await processes[0].ExecuteAsync(eventId, user, default));
        }
    }
}
