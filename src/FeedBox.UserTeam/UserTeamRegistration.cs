using FeedBox.Core.Resilience;
using FeedBox.Core.UserTeam;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FeedBox.UserTeam;

public static class UserTeamRegistration
{
    private const int MaxAnswerBytes = 4 << 20;

    /// <summary>Registers <see cref="IUserTeam"/>, <see cref="INameDirectory"/> (which needs an <see cref="INameStore"/>) and <see cref="IBreakerStates"/>.</summary>
    public static IServiceCollection AddFeedBoxUserTeam(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection("FeedBox:UserTeam").Get<UserTeamOptions>() ?? new();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddHttpClient(UserTeamClient.ClientName, client =>
            {
                client.BaseAddress = new($"{options.BaseAddress.AbsoluteUri.TrimEnd('/')}/");
                client.Timeout = Timeout.InfiniteTimeSpan;
                client.MaxResponseContentBufferSize = MaxAnswerBytes;
            })
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2);
                handler.ConnectTimeout = options.AttemptTimeout;
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
        services.AddSingleton(provider =>
        {
            var client = ActivatorUtilities.CreateInstance<UserTeamClient>(provider);
            BreakerGauge.Publish(client);
            return client;
        });
        services.AddSingleton<IUserTeam>(provider => provider.GetRequiredService<UserTeamClient>());
        services.AddSingleton<IBreakerStates>(provider => provider.GetRequiredService<UserTeamClient>());
        services.AddSingleton<INameDirectory, NameDirectory>();
        return services;
    }
}
