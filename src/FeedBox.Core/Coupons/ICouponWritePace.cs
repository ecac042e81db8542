namespace FeedBox.Core.Coupons;

/// <summary>Spaces the writes of coupons, over all processes that write them.</summary>
public interface ICouponWritePace
{
    /// <summary>Takes the next turn, at least <paramref name="interval"/> after the one before. Returns how long it is until then; never fails.</summary>
    ValueTask<TimeSpan> TakeTurnAsync(TimeSpan interval, CancellationToken cancellationToken);
}

/// <summary>The pace of a single process.</summary>
public sealed class LocalCouponWritePace(TimeProvider time) : ICouponWritePace
{
    private readonly Lock _lock = new();
    private DateTimeOffset _next;

    public ValueTask<TimeSpan> TakeTurnAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var turn = _next > now ? _next : now;
            _next = turn + interval;
            return new(turn - now);
        }
    }
}
