using FeedBox.Core.UserTeam;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FeedBox.Redis.UserTeam;

/// <summary>On a channel that every process hears; the client subscribes again whenever it is connected again.</summary>
public sealed class RedisFollowingsNews(IConnectionMultiplexer connection, IOptions<RedisOptions> options, TimeProvider time) : IFollowingsNews
{
    private const int Attempts = 60;
    private const int MaxUntold = 10_000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly RedisChannel _channel = RedisChannel.Literal(options.Value.KeyPrefix + "followings-changed");
    private int _untold;

    public void Tell(long followerId) => _ = TellAsync(followerId);

    public void Listen(Action<long> changed, Action missed)
    {
        connection.ConnectionRestored += (_, _) => _ = MissAsync(missed);
        connection.GetSubscriber().Subscribe(_channel, (_, followerId) => changed((long)followerId), CommandFlags.FireAndForget);
    }

    private async Task TellAsync(long followerId)
    {
        if (await IsToldAsync(followerId))
            return;
        if (Interlocked.Increment(ref _untold) <= MaxUntold)
            for (var attempt = 2; attempt <= Attempts; attempt++)
            {
                await Task.Delay(Pause, time);
                if (await IsToldAsync(followerId))
                    break;
            }
        Interlocked.Decrement(ref _untold);
    }

    private async Task<bool> IsToldAsync(long followerId)
    {
        try
        {
            await connection.GetSubscriber().PublishAsync(_channel, followerId);
            return true;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            return e is ObjectDisposedException; // the process ends: there is nobody to tell it
        }
    }

    /// <summary>Twice, because the channel is heard again only a moment after the connection is there.</summary>
    private async Task MissAsync(Action missed)
    {
        missed();
        await Task.Delay(Pause, time);
        missed();
    }
}
