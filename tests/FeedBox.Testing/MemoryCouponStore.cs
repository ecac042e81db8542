using FeedBox.Core;
using FeedBox.Core.Coupons;

namespace FeedBox.Testing;

/// <summary><see cref="ICouponStore"/> in memory.</summary>
public sealed class MemoryCouponStore : ICouponStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, CouponEvent> _events = [];
    private readonly Dictionary<Guid, int> _generations = [];
    private readonly Dictionary<Guid, Coupon> _coupons = [];

    /// <summary>The size of each batch that was written.</summary>
    public List<int> Batches { get; } = [];

    /// <summary>Makes issuing fail until it is taken back.</summary>
    public bool IsDown { get; set; }

    public IReadOnlyList<Coupon> Coupons
    {
        get
        {
            lock (_gate)
                return [.. _coupons.Values];
        }
    }

    public Task<CouponEvent> AddEventAsync(CouponEvent couponEvent, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _events.TryAdd(couponEvent.Id, couponEvent);
            return Task.FromResult(_events[couponEvent.Id]);
        }
    }

    public Task<CouponEvent?> FindEventAsync(Guid eventId, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(_events.GetValueOrDefault(eventId));
    }

    public Task<IReadOnlyList<CouponEvent>> ListEventsAsync(Guid? before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<CouponEvent>>(
                [.. _events.Values.Where(e => before is null || IsBefore(e.Id, before.Value)).OrderByDescending(e => e.Id.ToString(), StringComparer.Ordinal).Take(limit)]);
    }

    public Task<int> IssueAsync(IReadOnlyList<CouponRequested> requests, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (IsDown)
            throw new DependencyUnavailableException("coupon store", TimeSpan.FromSeconds(1));
        lock (_gate)
        {
            Batches.Add(requests.Count);
            var before = _coupons.Count;
            foreach (var request in requests)
            {
                var issued = _coupons.Values.Where(coupon => coupon.EventId == request.CouponEventId).ToList();
                if (!_events.TryGetValue(request.CouponEventId, out var couponEvent)
                    || _generations.GetValueOrDefault(request.CouponEventId) != request.Generation
                    || issued.Count >= couponEvent.Limit
                    || issued.Any(coupon => coupon.UserId == request.UserId))
                    continue;
                _coupons.TryAdd(request.CouponId, new(
                    request.CouponId, couponEvent.Id, couponEvent.Name, request.UserId, request.Sequence, now, couponEvent.ClosesAt, null));
            }
            return Task.FromResult(_coupons.Count - before);
        }
    }

    public Task<bool> IsIssuedAsync(Guid couponId, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(_coupons.ContainsKey(couponId));
    }

    public Task<int> GetGenerationAsync(Guid eventId, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(_generations.GetValueOrDefault(eventId));
    }

    public Task<IReadOnlyList<CouponHolder>?> StartGenerationAsync(Guid eventId, int generation, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_events.ContainsKey(eventId) || _generations.GetValueOrDefault(eventId) != generation - 1)
                return Task.FromResult<IReadOnlyList<CouponHolder>?>(null);
            _generations[eventId] = generation;
            return Task.FromResult<IReadOnlyList<CouponHolder>?>(
                [.. _coupons.Values.Where(coupon => coupon.EventId == eventId).Select(coupon => new CouponHolder(coupon.UserId, coupon.Sequence))]);
        }
    }

    public Task<IReadOnlyList<Coupon>> ListUsableAsync(long userId, DateTimeOffset now, Guid? before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<Coupon>>(
            [
                .. _coupons.Values
                    .Where(coupon => coupon.UserId == userId && coupon.UsedAt is null && coupon.ExpiresAt > now)
                    .Where(coupon => before is null || IsBefore(coupon.Id, before.Value))
                    .OrderByDescending(coupon => coupon.Id.ToString(), StringComparer.Ordinal).Take(limit),
            ]);
    }

    public Task<CouponUse> UseAsync(Guid couponId, long userId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_coupons.TryGetValue(couponId, out var coupon) || coupon.UserId != userId)
                return Task.FromResult(CouponUse.NotFound);
            if (coupon.UsedAt is not null)
                return Task.FromResult(CouponUse.AlreadyUsed);
            if (coupon.ExpiresAt <= now)
                return Task.FromResult(CouponUse.Expired);
            _coupons[couponId] = coupon with { UsedAt = now };
            return Task.FromResult(CouponUse.Used);
        }
    }

    private static bool IsBefore(Guid id, Guid other) => string.CompareOrdinal(id.ToString(), other.ToString()) < 0;
}
