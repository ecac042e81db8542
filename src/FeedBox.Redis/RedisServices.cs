using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.Redis.Coupons;
using FeedBox.Redis.Idempotency;
using FeedBox.Redis.Posts;
using FeedBox.Redis.Relaying;
using FeedBox.Redis.UserTeam;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FeedBox.Redis;

public static class RedisServices
{
    /// <summary>
    /// Adds post cache, names, news of followings, idempotency keys, coupon gate, pace of coupon writes and relay registry on Redis, and the health check "redis". The server is
    /// <c>ConnectionStrings:redis</c>, through the <see cref="IConnectionMultiplexer"/> of the container where there is one already.
    /// </summary>
    public static IServiceCollection AddFeedBoxRedis(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RedisOptions>()
            .Bind(configuration.GetSection(RedisOptions.Section))
            .PostConfigure(options => options.ConnectionString ??= configuration.GetConnectionString("redis"))
            .Validate(options => !string.IsNullOrWhiteSpace(options.ConnectionString), "ConnectionStrings:redis is missing.")
            .Validate(options => options.Timeout > TimeSpan.Zero, $"{RedisOptions.Section}: Timeout must be positive.")
            .Validate(options => options.RelayPing > TimeSpan.Zero && options.RelayDeadAfter > options.RelayPing,
                $"{RedisOptions.Section}: RelayDeadAfter must be longer than RelayPing.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IConnectionMultiplexer>(provider => Connect(provider.GetRequiredService<IOptions<RedisOptions>>().Value));
        services.AddSingleton<RedisStore>();
        services.AddSingleton<IPostCache, RedisPostCache>();
        services.AddSingleton<INameStore, RedisNameStore>();
        services.AddSingleton<IFollowingsNews, RedisFollowingsNews>();
        services.AddSingleton<IIdempotencyStore, RedisIdempotencyStore>();
        services.AddSingleton<ICouponGate, RedisCouponGate>();
        services.AddSingleton<ICouponWritePace, RedisCouponWritePace>();
        services.AddSingleton<IShardOwnership, RedisRelayRegistry>();
        services.AddHealthChecks().AddCheck<RedisHealthCheck>("redis");
        return services;
    }

    /// <summary>A server that is not there yet is connected to later; until then commands fail at once instead of queueing.</summary>
    private static ConnectionMultiplexer Connect(RedisOptions options)
    {
        var configuration = ConfigurationOptions.Parse(options.ConnectionString!);
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.AsyncTimeout = (int)options.Timeout.TotalMilliseconds;
        configuration.ReconnectRetryPolicy = new LinearRetry(500);
        configuration.SocketManager = SocketManager.ThreadPool; // threads of its own take twice the processor time for the same work
        return ConnectionMultiplexer.Connect(configuration);
    }
}
