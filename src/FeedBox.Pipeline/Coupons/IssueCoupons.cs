using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Coupons;

/// <summary>
/// Issues what was accepted, in batches that follow each other no faster than the write interval, over all partitions and processes together.
/// Handlers wait for the batch they are in, so nothing sleeps in a consumer thread, and an offset moves only after its coupon is stored.
/// </summary>
public sealed class IssueCoupons(ICouponStore coupons, ICouponWritePace pace, IOptions<CouponOptions> options, TimeProvider time) : IEventHandler
{
    private readonly CouponOptions _options = options.Value;
    private readonly Lock _lock = new();
    private Batch? _open;
    private Task _lastWrite = Task.CompletedTask;

    public string Group => ConsumerGroups.CouponIssue;
    public IReadOnlyList<string> Topics { get; } = [Core.Events.Topics.CouponRequest];

    public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => e.Type == EventTypes.CouponRequested
        ? Join(EventCodec.ReadData(e, EventJson.Default.CouponRequested)).WaitAsync(cancellationToken)
        : Task.CompletedTask;

    private Task Join(CouponRequested request)
    {
        lock (_lock)
        {
            if (_open is not { } batch || batch.Requests.Count >= _options.MaxBatch)
            {
                _open = batch = new();
                _lastWrite = WriteAsync(batch, after: _lastWrite);
            }
            batch.Requests.Add(request);
            return batch.Written.Task;
        }
    }

    private async Task WriteAsync(Batch batch, Task after)
    {
        await Task.Yield(); // what arrived together gets in together
        await after;
        if (await pace.TakeTurnAsync(_options.WriteInterval, CancellationToken.None) is { Ticks: > 0 } wait)
            await Task.Delay(wait, time);
        lock (_lock)
            if (_open == batch)
                _open = null;
        try
        {
            await coupons.IssueAsync(batch.Requests, time.GetUtcNow(), CancellationToken.None);
            batch.Written.SetResult();
        }
        catch (Exception e)
        {
            // What was accepted is a promise: it waits for the store, however long, and is never dead-lettered for its sake.
            batch.Written.SetException(e as DependencyUnavailableException ?? new("coupons", TimeSpan.FromSeconds(1), e));
        }
    }

    private sealed class Batch
    {
        public List<CouponRequested> Requests { get; } = [];
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
