using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Pipeline.Coupons;
using FeedBox.Pipeline.Tests.Consuming;
using FeedBox.Testing;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Tests.Coupons;

public sealed class IssueCouponsTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly ManualTime _time = new();
    private readonly MemoryCouponStore _coupons = new();
    private readonly CouponEvent _event;
    private readonly IssueCoupons _issue;

    public IssueCouponsTests()
    {
        var now = _time.GetUtcNow();
        _event = _coupons.AddEventAsync(new(Guid.CreateVersion7(now), "선착순", 100, now, now.AddHours(1)), default).Result;
        _coupons.StartGenerationAsync(_event.Id, 1, default).Wait();
        _issue = new(_coupons, new LocalCouponWritePace(_time), Options.Create(new CouponOptions()), _time);
    }

    [Fact]
    public async Task A_request_in_quiet_times_is_issued_at_once()
    {
        await _issue.HandleAsync(Requested(1), default).WaitAsync(Eventually.Patience);

        var coupon = Assert.Single(_coupons.Coupons);
        Assert.Equal((1, 1, _time.GetUtcNow()), (coupon.UserId, coupon.Sequence, coupon.IssuedAt));
    }

    [Fact, Trait("Weakness", "H36")]
    public async Task H36_a_burst_is_written_in_batches_no_closer_than_the_interval_whatever_the_partition()
    {
        await _issue.HandleAsync(Requested(1), default).WaitAsync(Eventually.Patience);
        var burst = Enumerable.Range(2, 49).Select(user => _issue.HandleAsync(Requested(user), default)).ToList();
        await Eventually.TrueAsync(() => _time.PendingTimers == 1, "the batch waits for its time");

        _time.Advance(Interval - TimeSpan.FromMilliseconds(1));
        Assert.Equal([1], _coupons.Batches);
        Assert.All(burst, handled => Assert.False(handled.IsCompleted));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Task.WhenAll(burst).WaitAsync(Eventually.Patience);
        Assert.Equal([1, 49], _coupons.Batches);
    }

    [Fact, Trait("Weakness", "H36")]
    public async Task H36_the_rate_holds_for_all_partitions_together_and_no_thread_sleeps_for_it()
    {
        await using var log = new LogOf(_issue);
        var appended = 0;
        for (var tick = 0; tick < 10; tick++)
        {
            await log.AppendAsync([.. Enumerable.Range(0, 8).Select(_ => Requested(++appended))]);
            await Eventually.TrueAsync(() => _coupons.Batches.Count > 0, "the first is written at once");
            await Task.Delay(10);
            Assert.InRange(_coupons.Batches.Count, 1, tick + 1);
            _time.Advance(Interval);
        }

        await Eventually.TrueAsync(() => _coupons.Coupons.Count == appended, _time, Interval, "all are issued");
        Assert.InRange(_coupons.Batches.Count, 2, 14);
    }

    [Fact, Trait("Weakness", "H36")]
    public async Task H36_the_rate_holds_for_several_processes_that_share_a_pace()
    {
        var pace = new LocalCouponWritePace(_time);
        var processes = Enumerable.Range(0, 3).Select(_ => new IssueCoupons(_coupons, pace, Options.Create(new CouponOptions()), _time)).ToList();
        var handled = processes.Select((process, user) => process.HandleAsync(Requested(user + 1), default)).ToList();

        for (var written = 1; written <= 3; written++)
        {
            await Eventually.TrueAsync(() => _coupons.Batches.Count == written && _time.PendingTimers == 3 - written, $"{written} are written");
            _time.Advance(Interval);
        }
        await Task.WhenAll(handled).WaitAsync(Eventually.Patience);
    }

    [Fact, Trait("Weakness", "H37")]
    public async Task H37_a_second_delivery_is_handled_without_effect_and_without_failure()
    {
        var requested = Requested(1);
        for (var delivery = 0; delivery < 3; delivery++)
        {
            await _issue.HandleAsync(requested, default).WaitAsync(Eventually.Patience);
            _time.Advance(Interval);
        }

        Assert.Single(_coupons.Coupons);
    }

    [Fact]
    public async Task A_store_that_is_down_pauses_the_consumer_and_nothing_is_dead_lettered()
    {
        await using var log = new LogOf(_issue);
        _coupons.IsDown = true;
        await log.AppendAsync([.. Enumerable.Range(1, 20).Select(Requested)]);
        for (var second = 0; second < 60; second++)
        {
            await Task.Delay(1);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Empty(_coupons.Coupons);

        _coupons.IsDown = false;
        await Eventually.TrueAsync(() => _coupons.Coupons.Count == 20, _time, Interval, "all are issued");
        Assert.Empty(log.Log.Records(Topics.DeadLetter(Topics.CouponRequest)));
    }

    [Fact]
    public async Task A_batch_has_a_largest_size()
    {
        var issue = new IssueCoupons(_coupons, new LocalCouponWritePace(_time), Options.Create(new CouponOptions { MaxBatch = 10 }), _time);
        var handled = Task.WhenAll(Enumerable.Range(1, 25).Select(user => issue.HandleAsync(Requested(user), default)));

        await Eventually.TrueAsync(() => handled.IsCompleted, _time, Interval, "all are issued");
        Assert.Equal(25, _coupons.Batches.Sum());
        Assert.All(_coupons.Batches, size => Assert.InRange(size, 1, 10));
    }

    private FeedEvent Requested(int user) => EventCodec.Create(
        EventTypes.CouponRequested, user.ToString(), new(Guid.CreateVersion7(_time.GetUtcNow()), _event.Id, user, user, 1),
        EventJson.Default.CouponRequested, _time.GetUtcNow());

    /// <summary>The handler behind a log and the consumer runtime.</summary>
    private sealed class LogOf(IssueCoupons issue) : IAsyncDisposable
    {
        private readonly MemoryEventLog _log = new();
        private Running? _running;

        public MemoryEventLog Log => _log;

        public Task AppendAsync(IReadOnlyList<FeedEvent> events)
        {
            _running ??= new(_log, issue);
            return _log.AppendAsync([.. events.Select(e => EventCodec.Encode(new(Topics.CouponRequest, e)))], default);
        }

        public ValueTask DisposeAsync() => _running?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
