using System.Collections.Concurrent;

namespace FeedBox.Http.RateLimits;

/// <summary>
/// One limit for every caller, as the generic cell rate algorithm: a caller is the one time at which his budget is full again.
/// Framework limiters keep an object and a queue for each; under a crowd of callers who come once, that costs more than their requests.
/// </summary>
internal sealed class CallerRates(RateLimit limit, TimeProvider time)
{
    private const int SweepAt = 100_000;

    private readonly ConcurrentDictionary<long, long> _fullAt = new();
    private readonly long _cost = Math.Max(1, time.TimestampFrequency / limit.PerSecond);
    private readonly Lock _sweep = new();
    private int _added;

    /// <summary>Takes one request from the caller's budget; when that is empty, takes nothing and tells when there is one again.</summary>
    public bool TryTake(long caller, out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        var now = time.GetTimestamp();
        while (true)
        {
            if (!_fullAt.TryGetValue(caller, out var fullAt))
            {
                if (!_fullAt.TryAdd(caller, now + _cost))
                    continue;
                if (Interlocked.Increment(ref _added) >= SweepAt)
                    Sweep(now);
                return true;
            }
            var next = Math.Max(fullAt, now) + _cost;
            var wait = next - now - limit.Burst * _cost;
            if (wait > 0)
            {
                retryAfter = time.GetElapsedTime(0, wait);
                return false;
            }
            if (_fullAt.TryUpdate(caller, next, fullAt))
                return true;
        }
    }

    /// <summary>A caller with a full budget is as good as one never seen.</summary>
    private void Sweep(long now)
    {
        lock (_sweep)
        {
            if (_added < SweepAt)
                return;
            _added = 0;
            foreach (var entry in _fullAt)
                if (entry.Value <= now)
                    _fullAt.TryRemove(entry);
        }
    }
}
