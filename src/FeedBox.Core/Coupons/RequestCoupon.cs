using System.Collections.Concurrent;
using FeedBox.Core.Events;

namespace FeedBox.Core.Coupons;

public enum CouponAnswer { Accepted, AlreadyRequested, SoldOut, NotOpen, Closed }

/// <summary>
/// Takes a request for a coupon. Accepted means durable: the request is on the log before the answer, and the gate can be rebuilt
/// from the log and the coupons at any time.
/// </summary>
public sealed class RequestCoupon(ICouponStore coupons, ICouponGate gate, IEventLog log, TimeProvider time)
{
    private static readonly TimeSpan WaitBudget = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LagPoll = TimeSpan.FromMilliseconds(50);
    private readonly ConcurrentDictionary<Guid, CouponEvent> _events = new();
    private readonly ConcurrentDictionary<Guid, Task> _loading = new();
    private readonly ConcurrentDictionary<(Guid EventId, long UserId), Task> _appending = new();

    /// <exception cref="FeedBoxException">Code "coupon-event-not-found".</exception>
    /// <exception cref="DependencyUnavailableException">The gate is being rebuilt, or the log takes nothing: try again.</exception>
    public async ValueTask<CouponAnswer> ExecuteAsync(Guid eventId, long userId, CancellationToken cancellationToken)
    {
        var couponEvent = _events.TryGetValue(eventId, out var known) ? known : await FindEventAsync(eventId, cancellationToken);
        var now = time.GetUtcNow();
        if (now < couponEvent.OpensAt)
            return CouponAnswer.NotOpen;
        if (now >= couponEvent.ClosesAt)
            return CouponAnswer.Closed;

        var decision = await gate.ReserveAsync(eventId, userId, couponEvent.Limit, cancellationToken);
        if (decision.Answer == GateAnswer.NotLoaded)
        {
            await LoadAsync(couponEvent, cancellationToken);
            decision = await gate.ReserveAsync(eventId, userId, couponEvent.Limit, cancellationToken);
        }
        switch (decision.Answer)
        {
            case GateAnswer.AlreadyRequested:
                // "Already" promises a coupon as much as "accepted" does: it waits until that is durable.
                if (_appending.TryGetValue((eventId, userId), out var pending))
                    await WaitAsync(pending, cancellationToken);
                return CouponAnswer.AlreadyRequested;
            case GateAnswer.SoldOut: return CouponAnswer.SoldOut;
            case GateAnswer.NotLoaded: throw new DependencyUnavailableException("coupon-gate", TimeSpan.FromSeconds(1));
        }

        var appending = AppendAsync(new(Guid.CreateVersion7(now), eventId, userId, decision.Sequence), now);
        await appending.WaitAsync(cancellationToken);
        return CouponAnswer.Accepted;
    }

    /// <summary>Fails with the first attempt, but goes on until the log has the message for certain: the place stays taken meanwhile.</summary>
    private Task AppendAsync(CouponRequested requested, DateTimeOffset now)
    {
        var message = EventCodec.Encode(new(Topics.CouponRequest, EventCodec.Create(
            EventTypes.CouponRequested, requested.UserId.ToString(), requested, EventJson.Default.CouponRequested, now)));
        var first = log.AppendAsync([message], CancellationToken.None);
        if (first.IsCompletedSuccessfully)
            return first;
        var place = (requested.CouponEventId, requested.UserId);
        _appending[place] = UntilTakenAsync();
        return first;

        async Task UntilTakenAsync()
        {
            await Task.Yield();
            for (var attempt = first; ; attempt = log.AppendAsync([message], CancellationToken.None))
            {
                try
                {
                    await attempt;
                    _appending.TryRemove(place, out _);
                    return;
                }
                catch (Exception)
                {
                    await Task.Delay(RetryDelay, time);
                }
            }
        }
    }

    private async Task<CouponEvent> FindEventAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var found = await coupons.FindEventAsync(eventId, cancellationToken)
            ?? throw FeedBoxException.NotFound("coupon-event-not-found", "There is no such coupon event.");
        return _events.GetOrAdd(eventId, found);
    }

    /// <summary>One load per event at a time, shared by all who wait for it, each at most <see cref="WaitBudget"/>.</summary>
    private async Task LoadAsync(CouponEvent couponEvent, CancellationToken cancellationToken)
    {
        var load = _loading.GetOrAdd(couponEvent.Id, _ => Task.Run(() => RebuildAsync(couponEvent.Id), CancellationToken.None));
        await WaitAsync(load, cancellationToken);
    }

    private async Task WaitAsync(Task other, CancellationToken cancellationToken)
    {
        try
        {
            await other.WaitAsync(WaitBudget, time, cancellationToken);
        }
        catch (TimeoutException cause)
        {
            throw new DependencyUnavailableException("coupon-gate", TimeSpan.FromSeconds(1), cause);
        }
    }

    /// <summary>Every request accepted so far is a coupon once the writer has caught up with the log; then the coupons are the truth.</summary>
    private async Task RebuildAsync(Guid eventId)
    {
        try
        {
            await Task.WhenAll(_appending.Where(entry => entry.Key.EventId == eventId).Select(entry => entry.Value));
            var ends = (await LagAsync()).ToDictionary(lag => lag.Partition, lag => lag.End);
            while ((await LagAsync()).Any(lag => lag.Committed < ends[lag.Partition]))
                await Task.Delay(LagPoll, time);
            await gate.LoadAsync(eventId, await coupons.ListHoldersAsync(eventId, CancellationToken.None), CancellationToken.None);
        }
        finally
        {
            _loading.TryRemove(eventId, out _);
        }
    }

    private Task<IReadOnlyList<PartitionLag>> LagAsync() =>
        log.LagAsync(ConsumerGroups.CouponIssue, [Topics.CouponRequest], CancellationToken.None);
}
