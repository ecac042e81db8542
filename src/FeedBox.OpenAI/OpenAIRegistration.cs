using FeedBox.Core.Inspection;
using FeedBox.Core.Resilience;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FeedBox.OpenAI;

public static class OpenAIRegistration
{
    /// <summary>Whether a key or a server of one's own is configured; without, a process uses the offline inspector.</summary>
    public static bool HasOpenAI(this IConfiguration configuration) => OpenAIOptions.Read(configuration).IsConfigured;

    /// <summary>OpenAI, or a server that speaks its protocol, when one is configured; otherwise the rules that need nobody.</summary>
    public static IServiceCollection AddInspector(this IServiceCollection services, IConfiguration configuration) =>
        configuration.HasOpenAI() ? services.AddOpenAIInspector(configuration) : services.AddSingleton<IPostInspector, OfflineInspector>();

    /// <summary>Registers <see cref="IPostInspector"/> and its <see cref="IBreakerStates"/>.</summary>
    public static IServiceCollection AddOpenAIInspector(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(OpenAIOptions.Read(configuration));
        services.AddHttpClient(OpenAIPostInspector.ClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .UseSocketsHttpHandler((handler, _) => handler.PooledConnectionLifetime = TimeSpan.FromMinutes(2))
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
        services.AddSingleton(provider =>
        {
            var inspector = ActivatorUtilities.CreateInstance<OpenAIPostInspector>(provider);
            BreakerGauge.Publish(inspector);
            return inspector;
        });
        services.AddSingleton<IPostInspector>(provider => provider.GetRequiredService<OpenAIPostInspector>());
        services.AddSingleton<IBreakerStates>(provider => provider.GetRequiredService<OpenAIPostInspector>());
        return services;
    }
}
