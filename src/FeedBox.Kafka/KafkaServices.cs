using FeedBox.Core.Events;
using FeedBox.Kafka.Events;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FeedBox.Kafka;

public static class KafkaServices
{
    /// <summary>Adds the event log on Kafka, and its health check "kafka". The brokers are <c>ConnectionStrings:kafka</c>.</summary>
    public static IServiceCollection AddFeedBoxKafka(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<KafkaOptions>()
            .Bind(configuration.GetSection(KafkaOptions.Section))
            .PostConfigure(options => options.BootstrapServers ??= configuration.GetConnectionString("kafka"))
            .Validate(options => !string.IsNullOrWhiteSpace(options.BootstrapServers), "ConnectionStrings:kafka is missing.")
            .Validate(options => options.AppendTimeout > TimeSpan.Zero && options.OutageTimeout > TimeSpan.Zero, $"{KafkaOptions.Section}: timeouts must be positive.")
            .ValidateOnStart();
        services.TryAddSingleton<KafkaClients>();
        services.AddSingleton<KafkaEventLog>();
        services.AddSingleton<IEventLog>(provider => provider.GetRequiredService<KafkaEventLog>());
        services.AddHealthChecks().AddCheck<KafkaHealthCheck>("kafka");
        return services;
    }
}
