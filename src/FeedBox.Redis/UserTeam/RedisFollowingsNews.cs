using FeedBox.Core.UserTeam;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FeedBox.Redis.UserTeam;

/// <summary>On a channel that every process hears; the client subscribes again whenever it is connected again.</summary>
public sealed class RedisFollowingsNews(IConnectionMultiplexer connection, IOptions<RedisOptions> options) : IFollowingsNews
{
    private readonly RedisChannel _channel = RedisChannel.Literal(options.Value.KeyPrefix + "followings-changed");

    public void Tell(long followerId) => connection.GetSubscriber().Publish(_channel, followerId, CommandFlags.FireAndForget);

    public void Listen(Action<long> changed) =>
        connection.GetSubscriber().Subscribe(_channel, (_, followerId) => changed((long)followerId), CommandFlags.FireAndForget);
}
