using FeedBox.Core;
using FeedBox.Core.Coupons;
using StackExchange.Redis;

namespace FeedBox.Redis.Coupons;

/// <summary>One row of turns for all processes, by the server's clock. While the server does not answer, each keeps its own.</summary>
public sealed class RedisCouponWritePace(RedisStore store, TimeProvider time) : ICouponWritePace
{
    private const int LongestWait = 10_000_000;

    /// <summary>microseconds between turns, longest wait (beyond it the server's clock was set back) → microseconds until the turn.</summary>
    private const string TakeScript = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local turn = tonumber(redis.call('GET', KEYS[1]) or '0')
        if turn < now or turn > now + ARGV[2] then turn = now end
        redis.call('SET', KEYS[1], string.format('%.0f', turn + ARGV[1]), 'PX', 60000)
        return turn - now
        """;

    private readonly LocalCouponWritePace _own = new(time);

    public async ValueTask<TimeSpan> TakeTurnAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        var own = await _own.TakeTurnAsync(interval, cancellationToken);
        try
        {
            var wait = (long)await store.RunScriptAsync(
                TakeScript, [store.Key("coupon-write-turn")], (long)interval.TotalMicroseconds, LongestWait);
            return TimeSpan.FromMicroseconds(wait);
        }
        catch (Exception e) when (e is DependencyUnavailableException or RedisException)
        {
            return own;
        }
    }
}
