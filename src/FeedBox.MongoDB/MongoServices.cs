using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.MongoDB.DeadLetters;
using FeedBox.MongoDB.Events;
using FeedBox.MongoDB.Inbox;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MongoDB.Driver;

namespace FeedBox.MongoDB;

public static class MongoServices
{
    /// <summary>
    /// Adds inboxes, dead letters and failed publications on MongoDB, makes their indexes at start, and adds the health check "mongo". The server is
    /// <c>ConnectionStrings:mongo</c>, through the <see cref="IMongoClient"/> of the container where there is one already.
    /// </summary>
    public static IServiceCollection AddFeedBoxMongoDB(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MongoOptions>()
            .Bind(configuration.GetSection(MongoOptions.Section))
            .PostConfigure(options => options.ConnectionString ??= configuration.GetConnectionString("mongo"))
            .Validate(options => !string.IsNullOrWhiteSpace(options.ConnectionString), "ConnectionStrings:mongo is missing.")
            .Validate(options => options.ServerTimeout > TimeSpan.Zero, $"{MongoOptions.Section}: ServerTimeout must be positive.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IMongoClient>(provider => Connect(provider.GetRequiredService<IOptions<MongoOptions>>().Value));
        services.AddSingleton<MongoStore>();
        services.AddSingleton<IInboxStore, MongoInboxStore>();
        services.AddSingleton<IDeadLetterStore, MongoDeadLetterStore>();
        services.AddSingleton<IFailedPublications, MongoFailedPublications>();
        services.AddHostedService<MongoIndexes>();
        services.AddHealthChecks().AddCheck<MongoHealthCheck>("mongo");
        return services;
    }

    private static MongoClient Connect(MongoOptions options)
    {
        var settings = MongoClientSettings.FromConnectionString(options.ConnectionString);
        settings.ServerSelectionTimeout = options.ServerTimeout;
        settings.ApplicationName = "feedbox";
        return new(settings);
    }
}
