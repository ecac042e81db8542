using System.Collections.Concurrent;
using FeedBox.Core.Events;

namespace FeedBox.Core.Coupons;

public enum CouponAnswer { Accepted, AlreadyRequested, SoldOut, NotOpen, Closed }

/// <summary>
/// Takes a request for a coupon: reserve a place at the gate, publish the request, confirm the place, answer.
/// <para>
/// Accepted means durable, and exact through every loss of the gate: the request of a place confirmed at the gate was on the log, or
/// kept for it, before the gate was lost, so it is a coupon once the kept ones are restored and the writer has caught up with the log;
/// only then does the event move to its next generation, and the gate is loaded with the coupons there are. A request of the old
/// generation that is published too late was not confirmed, is issued nothing, and starts over at the new gate.
/// </para>
/// </summary>
public sealed class RequestCoupon(ICouponStore coupons, ICouponGate gate, IEventLog log, DirectPublisher publisher, TimeProvider time)
{
    private static readonly TimeSpan WaitBudget = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LagPoll = TimeSpan.FromMilliseconds(50);
    private const int CarriedAtOnce = 100;
    private readonly ConcurrentDictionary<Guid, CouponEvent> _events = new();
    private readonly ConcurrentDictionary<Guid, Lazy<Task>> _loading = new();
    private readonly ConcurrentDictionary<UnconfirmedPlace, Lazy<Task<Carried>>> _carrying = new();

    /// <param name="CouponId">What its request becomes, where one was published.</param>
    private readonly record struct Carried(GateConfirmation Confirmation, Guid? CouponId = null);

    /// <exception cref="FeedBoxException">Code "coupon-event-not-found".</exception>
    /// <exception cref="DependencyUnavailableException">
    /// The gate is being rebuilt, or the request can be published nowhere. A place that was reserved stays the user's and is carried through.
    /// </exception>
    public ValueTask<CouponAnswer> ExecuteAsync(Guid eventId, long userId, CancellationToken cancellationToken)
    {
        if (!_events.TryGetValue(eventId, out var couponEvent))
            return FindAndAskAsync(eventId, userId, cancellationToken);
        var start = time.GetUtcNow();
        if (start < couponEvent.OpensAt)
            return new(CouponAnswer.NotOpen);
        if (start >= couponEvent.ClosesAt)
            return new(CouponAnswer.Closed);

        // The refusals of a stampede end here: nothing is awaited, nothing allocated.
        var asking = gate.ReserveAsync(eventId, userId, start, cancellationToken);
        if (!asking.IsCompletedSuccessfully)
            return AskAsync(asking, couponEvent, userId, start, cancellationToken);
        var decision = asking.Result;
        return decision.Answer switch
        {
            GateAnswer.SoldOut => new(CouponAnswer.SoldOut),
            GateAnswer.AlreadyRequested => new(CouponAnswer.AlreadyRequested),
            _ => AskAsync(new(decision), couponEvent, userId, start, cancellationToken),
        };
    }

    private async ValueTask<CouponAnswer> FindAndAskAsync(Guid eventId, long userId, CancellationToken cancellationToken)
    {
        var found = await coupons.FindEventAsync(eventId, cancellationToken)
            ?? throw FeedBoxException.NotFound("coupon-event-not-found", "There is no such coupon event.");
        _events.TryAdd(eventId, found);
        return await ExecuteAsync(eventId, userId, cancellationToken);
    }

    private async ValueTask<CouponAnswer> AskAsync(
        ValueTask<GateDecision> asking, CouponEvent couponEvent, long userId, DateTimeOffset start, CancellationToken cancellationToken)
    {
        Guid? inDoubt = null;
        for (; ; asking = gate.ReserveAsync(couponEvent.Id, userId, start, cancellationToken))
        {
            var decision = await asking;
            switch (decision.Answer)
            {
                case GateAnswer.SoldOut:
                    return CouponAnswer.SoldOut;
                case GateAnswer.AlreadyRequested:
                    // The gate was lost after this request was published; the new one knows its coupon, but not whose it is.
                    return inDoubt is { } id && await coupons.IsIssuedAsync(id, cancellationToken) ? CouponAnswer.Accepted : CouponAnswer.AlreadyRequested;
                case GateAnswer.NotLoaded:
                    await WaitAsync(LoadAsync(couponEvent), start, cancellationToken);
                    break;
                case GateAnswer.Reserved:
                    var carrying = Carry(new(couponEvent.Id, userId, decision.Sequence, decision.Generation), out var mine);
                    var carried = await WaitAsync(carrying, start, cancellationToken);
                    if (carried.Confirmation != GateConfirmation.Lost)
                        return carried.Confirmation == GateConfirmation.Confirmed && mine ? CouponAnswer.Accepted : CouponAnswer.AlreadyRequested;
                    if (mine)
                        inDoubt = carried.CouponId ?? inDoubt;
                    break;
            }
            if (time.GetUtcNow() - start >= WaitBudget)
                throw new DependencyUnavailableException("coupon-gate", RetryAfter);
        }
    }

    /// <summary>How many places are taken; null for a moment after the gate was lost: asking has it loaded, so that it is ready for the crowd.</summary>
    public async ValueTask<int?> CountAsync(CouponEvent couponEvent, CancellationToken cancellationToken)
    {
        var count = await gate.CountAsync(couponEvent.Id, cancellationToken);
        if (count is null && time.GetUtcNow() < couponEvent.ClosesAt)
            _ = LoadAsync(couponEvent);
        return count;
    }

    /// <summary>
    /// Carries through what was reserved a while ago and never confirmed: the log failed, or the process that took the request died.
    /// Called every second or so.
    /// </summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        var places = await gate.ListUnconfirmedAsync(time.GetUtcNow() - WaitBudget, CarriedAtOnce, cancellationToken);
        await Task.WhenAll(places.Select(place => Carry(place, out _))).WaitAsync(cancellationToken);
    }

    /// <summary>Requests of one user in one process share one message; <paramref name="mine"/> is true for one of those at the same time.</summary>
    private Task<Carried> Carry(UnconfirmedPlace place, out bool mine)
    {
        var own = new Lazy<Task<Carried>>(() => CarryAsync(place));
        var shared = _carrying.GetOrAdd(place, own);
        mine = shared == own;
        return shared.Value;
    }

    /// <summary>Never given up half way, whoever stops waiting for it.</summary>
    private async Task<Carried> CarryAsync(UnconfirmedPlace place)
    {
        try
        {
            var now = time.GetUtcNow();
            var decision = await gate.ReserveAsync(place.EventId, place.UserId, now, CancellationToken.None);
            if (decision.Answer == GateAnswer.AlreadyRequested)
                return new(GateConfirmation.AlreadyConfirmed); // a moment ago, by someone else
            if (decision.Generation != place.Generation)
                return new(GateConfirmation.Lost);
            var requested = new CouponRequested(Guid.CreateVersion7(now), place.EventId, place.UserId, place.Sequence, place.Generation);
            await publisher.PublishAsync(new(Topics.CouponRequest, EventCodec.Create(
                EventTypes.CouponRequested, place.UserId.ToString(), requested, EventJson.Default.CouponRequested, now)));
            return new(await gate.ConfirmAsync(place.EventId, place.UserId, place.Generation, CancellationToken.None), requested.CouponId);
        }
        catch (Exception e) when (e is not DependencyUnavailableException)
        {
            throw new DependencyUnavailableException("coupon-log", RetryAfter, e);
        }
        finally
        {
            _carrying.TryRemove(place, out _);
        }
    }

    /// <summary>One load per event at a time, shared by all who wait for it.</summary>
    private Task LoadAsync(CouponEvent couponEvent) =>
        _loading.GetOrAdd(couponEvent.Id, _ => new(() => Task.Run(() => RebuildAsync(couponEvent)))).Value;

    private async Task RebuildAsync(CouponEvent couponEvent)
    {
        try
        {
            var generation = await coupons.GetGenerationAsync(couponEvent.Id, CancellationToken.None) + 1;
            if (!await gate.BeginLoadAsync(couponEvent.Id, generation, CancellationToken.None))
                return;
            if (generation > 1) // the first has no places yet, so it opens whatever log and store are doing
                await CatchUpAsync();
            if (await coupons.StartGenerationAsync(couponEvent.Id, generation, CancellationToken.None) is { } holders)
                await gate.LoadAsync(couponEvent.Id, generation, couponEvent.Limit, holders, CancellationToken.None);
        }
        catch (Exception e) when (e is not DependencyUnavailableException)
        {
            throw new DependencyUnavailableException("coupon-gate", RetryAfter, e);
        }
        finally
        {
            _loading.TryRemove(couponEvent.Id, out _);
        }
    }

    /// <summary>Until every request that was published before is written.</summary>
    private async Task CatchUpAsync()
    {
        await publisher.RestoreAsync(CancellationToken.None);
        var ends = (await LagAsync()).ToDictionary(lag => lag.Partition, lag => lag.End);
        while ((await LagAsync()).Any(lag => lag.Committed < ends[lag.Partition]))
            await Task.Delay(LagPoll, time);
    }

    private Task<IReadOnlyList<PartitionLag>> LagAsync() =>
        log.LagAsync(ConsumerGroups.CouponIssue, [Topics.CouponRequest], CancellationToken.None);

    private async Task WaitAsync(Task work, DateTimeOffset start, CancellationToken cancellationToken)
    {
        var left = start + WaitBudget - time.GetUtcNow();
        try
        {
            await work.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new DependencyUnavailableException("coupon-gate", RetryAfter, e);
        }
    }

    private async Task<T> WaitAsync<T>(Task<T> work, DateTimeOffset start, CancellationToken cancellationToken)
    {
        await WaitAsync((Task)work, start, cancellationToken);
        return await work;
    }
}
