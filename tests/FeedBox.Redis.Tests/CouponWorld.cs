using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.Redis.Tests;

/// <summary>Three processes, a log and a coupon table around one gate, and a writer that turns what is on the log into coupons.</summary>
internal sealed class CouponWorld : IAsyncDisposable
{
    private readonly ICouponGate _gate;
    private readonly CouponEvent _event;
    private readonly MemoryCouponStore _coupons = new();
    private readonly MemoryEventLog _log = new() { OnAppend = (_, _) => Task.Delay(Random.Shared.Next(12)) };
    private readonly ConcurrentDictionary<long, int> _accepted = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RequestCoupon[] _processes;
    private readonly Task _writing;

    public CouponWorld(ICouponGate gate, CouponEvent couponEvent)
    {
        (_gate, _event) = (gate, couponEvent);
        _coupons.AddEventAsync(couponEvent, default).Wait();
        _processes = [.. Enumerable.Range(0, 3).Select(_ => Process())];
        _writing = Task.Run(WriteAsync);
    }

    public int Accepted => _accepted.Count;

    public int Issued => _coupons.Coupons.Count;

    public static CouponEvent NewEvent() =>
        new(Guid.CreateVersion7(), "선착순 할인", 100, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddHours(1));

    public RequestCoupon Process() => new(_coupons, _gate, _log, new(_log, TimeProvider.System, new()), TimeProvider.System);

    public async Task OpenAsync()
    {
        await _gate.BeginLoadAsync(_event.Id, 1, default);
        await _coupons.StartGenerationAsync(_event.Id, 1, default);
        await _gate.LoadAsync(_event.Id, 1, _event.Limit, [], default);
    }

    public async Task StampedeAsync(int users, int requestsEach)
    {
        var requests = Enumerable.Range(0, users * requestsEach).Select(i => 1L + i % users).ToArray();
        Random.Shared.Shuffle(requests);
        await Parallel.ForAsync(0, requests.Length, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, stopping) =>
        {
            try
            {
                if (await _processes[i % _processes.Length].ExecuteAsync(_event.Id, requests[i], stopping) == CouponAnswer.Accepted)
                    _accepted.AddOrUpdate(requests[i], 1, (_, times) => times + 1);
            }
            catch (DependencyUnavailableException)
            {
                await Task.Delay(10, stopping);
            }
        });
    }

    /// <summary>Whoever was told to come back does, and then every place is one user's coupon, and nobody was told so in vain.</summary>
    public async Task AssertExactAsync()
    {
        for (var round = 0; round < 10 && Issued < _event.Limit; round++)
        {
            await StampedeAsync(users: 1_500, requestsEach: 1);
            await Eventually.TrueAsync(() => _log.Lag(ConsumerGroups.CouponIssue, Topics.CouponRequest) == 0, "everything is written");
        }
        var coupons = _coupons.Coupons;
        Assert.Equal(Enumerable.Range(1, _event.Limit), coupons.Select(coupon => coupon.Sequence).Order());
        Assert.Equal(_event.Limit, coupons.DistinctBy(coupon => coupon.UserId).Count());
        Assert.Subset(coupons.Select(coupon => coupon.UserId).ToHashSet(), _accepted.Keys.ToHashSet());
        Assert.All(_accepted.Values, times => Assert.Equal(1, times));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        _stop.Dispose();
    }

    /// <summary>A few records at a time.</summary>
    private async Task WriteAsync()
    {
        await using var reader = _log.Subscribe(ConsumerGroups.CouponIssue, [Topics.CouponRequest], new Listener());
        while (!_stop.IsCancellationRequested)
        {
            var records = await reader.PollAsync(20, default);
            if (records.Count > 0)
            {
                await _coupons.IssueAsync(
                    [.. records.Select(record => EventCodec.ReadData(EventCodec.Decode(record), EventJson.Default.CouponRequested))], DateTimeOffset.UtcNow, default);
                await reader.CommitAsync(
                    records.GroupBy(record => new TopicPartition(record.Topic, record.Partition)).ToDictionary(group => group.Key, group => group.Max(record => record.Offset) + 1), default);
            }
            await Task.Delay(1);
        }
    }

    private sealed class Listener : IPartitionListener
    {
        public void Assigned(IReadOnlyList<TopicPartition> partitions) { }
        public Task RevokedAsync(IReadOnlyList<TopicPartition> partitions) => Task.CompletedTask;
        public void Lost(IReadOnlyList<TopicPartition> partitions) { }
    }
}
