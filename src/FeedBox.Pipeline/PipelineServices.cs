using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Core.Operations;
using FeedBox.Pipeline.AccessLog;
using FeedBox.Pipeline.Consuming;
using FeedBox.Pipeline.Coupons;
using FeedBox.Pipeline.DeadLetters;
using FeedBox.Pipeline.Inbox;
using FeedBox.Pipeline.Inspection;
using FeedBox.Pipeline.Operations;
using FeedBox.Pipeline.Posts;
using FeedBox.Pipeline.Publishing;
using FeedBox.Pipeline.Relaying;
using FeedBox.Pipeline.Search;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FeedBox.Pipeline;

public static class PipelineServices
{
    /// <summary>
    /// Adds the relay and the consumers, as one hosted service. The ports come from elsewhere:
    /// event log, outbox, stores, dead letters, cache, index, user team, names and inspector.
    /// </summary>
    public static IServiceCollection AddFeedBoxPipeline(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ConsumerOptions>().Bind(configuration.GetSection(ConsumerOptions.Section))
            .Validate(o => o is { MaxConcurrency: > 0, Retries: >= 0, Window: > 0, PollSize: > 0 }, $"{ConsumerOptions.Section}: sizes must be positive.")
            .Validate(o => o.Groups.All(ConsumerGroups.All.Contains), $"{ConsumerOptions.Section}: Groups are of {string.Join(", ", ConsumerGroups.All)}.")
            .ValidateOnStart();
        services.AddOptions<RelayOptions>().Bind(configuration.GetSection(RelayOptions.Section))
            .Validate(o => o.BatchSize > 0, $"{RelayOptions.Section}: BatchSize must be positive.")
            .ValidateOnStart();
        services.AddOptions<FanOutOptions>().Bind(configuration.GetSection(FanOutOptions.Section))
            .Validate(o => o.ChunkSize > 0, $"{FanOutOptions.Section}: ChunkSize must be positive.")
            .ValidateOnStart();
        services.AddOptions<CouponOptions>().Bind(configuration.GetSection(CouponOptions.Section))
            .Validate(o => o.MaxBatch > 0 && o.FinishInterval > TimeSpan.Zero, $"{CouponOptions.Section}: MaxBatch and FinishInterval must be positive.")
            .ValidateOnStart();

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<OutboxSignal>();
        services.TryAddSingleton<ICouponWritePace, LocalCouponWritePace>();
        services.AddSingleton<IEventHandler, CachePosts>();
        services.AddSingleton<IEventHandler, InspectPosts>();
        services.AddSingleton<IEventHandler, FanOutPosts>();
        services.AddSingleton<IEventHandler, IndexPosts>();
        services.AddSingleton<IEventHandler, IssueCoupons>();
        services.AddSingleton<IRecordHandler, FileDeadLetters>();
        services.AddSingleton<Consumers>();
        services.AddSingleton<OutboxRelay>();
        services.AddSingleton<IPipelineStatus, PipelineStatusReader>();
        services.AddHostedService<PipelineService>();
        services.TryAddSingleton(configuration.GetSection(PublishingOptions.Section).Get<PublishingOptions>() ?? new());
        services.TryAddSingleton<DirectPublisher>();
        services.AddHostedService<RestorePublications>();
        services.TryAddSingleton<RequestCoupon>();
        services.AddHostedService<FinishCouponRequests>();
        services.AddAccessLog(configuration);
        return services;
    }

    private static void AddAccessLog(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(AccessLogOptions.Section).Get<AccessLogOptions>() ?? new();
        services.TryAddSingleton(options);
        if (!options.Enabled)
            return;
        services.AddSingleton<IEventHandler, IndexAccessLog>();
        services.AddHostedService<TrimAccessLog>();
    }
}
