using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Coupons;

/// <summary>A gate that can lose everything, as a cache does.</summary>
internal sealed class ForgetfulGate : ICouponGate
{
    private volatile MemoryCouponGate _gate = new();
    private volatile bool _failsToConfirm;

    public bool FailsToConfirm { set => _failsToConfirm = value; }

    public void Forget() => _gate = new();

    public ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        _gate.ReserveAsync(eventId, userId, now, cancellationToken);

    public ValueTask<GateConfirmation> ConfirmAsync(Guid eventId, long userId, int generation, CancellationToken cancellationToken) =>
        _failsToConfirm ? throw new TimeoutException("no answer") : _gate.ConfirmAsync(eventId, userId, generation, cancellationToken);

    public ValueTask<bool> BeginLoadAsync(Guid eventId, int generation, CancellationToken cancellationToken) =>
        _gate.BeginLoadAsync(eventId, generation, cancellationToken);

    public ValueTask LoadAsync(Guid eventId, int generation, int limit, IReadOnlyCollection<CouponHolder> holders, CancellationToken cancellationToken) =>
        _gate.LoadAsync(eventId, generation, limit, holders, cancellationToken);

    public ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken) => _gate.CountAsync(eventId, cancellationToken);

    public ValueTask<IReadOnlyList<UnconfirmedPlace>> ListUnconfirmedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        _gate.ListUnconfirmedAsync(before, limit, cancellationToken);
}

/// <summary>What one or more processes share, and a writer that turns what is on the log into coupons, a few records at a time.</summary>
internal sealed class CouponWorld : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly IEventLogReader _reader;
    private Task _writing = Task.CompletedTask;

    public TimeProvider Time { get; }
    public MemoryCouponStore Store { get; } = new();
    public MemoryEventLog Log { get; } = new();
    public ForgetfulGate Gate { get; } = new();
    public MemoryFailedPublications? Kept { get; init; }
    public CouponEvent Event { get; }

    public CouponWorld(int limit = 100, TimeProvider? time = null)
    {
        Time = time ?? TimeProvider.System;
        var now = Time.GetUtcNow();
        Event = new(Guid.CreateVersion7(now), "선착순 할인", limit, now, now.AddHours(1));
        Store.AddEventAsync(Event, default).Wait();
        _reader = Log.Subscribe(ConsumerGroups.CouponIssue, [Topics.CouponRequest], new Listener());
    }

    /// <summary>The use case as a process of its own has it.</summary>
    public RequestCoupon Process() => new(Store, Gate, Log, Publisher(), Time);

    public DirectPublisher Publisher() => new(Log, Time, new(), Kept);

    public CouponWorld StartWriter()
    {
        _writing = Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                await WriteAsync();
                await Task.Delay(1);
            }
        });
        return this;
    }

    /// <summary>Issues what the next poll brings.</summary>
    public async Task<int> WriteAsync()
    {
        var records = await _reader.PollAsync(20, default);
        if (records.Count == 0)
            return 0;
        var requests = records.Select(record => EventCodec.ReadData(EventCodec.Decode(record), EventJson.Default.CouponRequested)).ToList();
        await Store.IssueAsync(requests, Time.GetUtcNow(), default);
        await _reader.CommitAsync(
            records.GroupBy(record => new TopicPartition(record.Topic, record.Partition)).ToDictionary(group => group.Key, group => group.Max(record => record.Offset) + 1), default);
        return records.Count;
    }

    public Task WrittenAsync() => Eventually.TrueAsync(() => Log.Lag(ConsumerGroups.CouponIssue, Topics.CouponRequest) == 0, "everything is written");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        await _reader.DisposeAsync();
        _stop.Dispose();
    }

    private sealed class Listener : IPartitionListener
    {
        public void Assigned(IReadOnlyList<TopicPartition> partitions) { }
        public Task RevokedAsync(IReadOnlyList<TopicPartition> partitions) => Task.CompletedTask;
        public void Lost(IReadOnlyList<TopicPartition> partitions) { }
    }
}
