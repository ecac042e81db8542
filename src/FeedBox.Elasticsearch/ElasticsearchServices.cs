using Elastic.Clients.Elasticsearch;
using Elastic.Transport;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Search;
using FeedBox.Elasticsearch.AccessLog;
using FeedBox.Elasticsearch.Search;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace FeedBox.Elasticsearch;

public static class ElasticsearchServices
{
    /// <summary>
    /// Adds the search index and the access log on Elasticsearch, makes the search index ready at start, and adds the health check
    /// "elasticsearch". The server is <c>ConnectionStrings:elasticsearch</c>, through the <see cref="ElasticsearchClient"/> of the container where there is one already.
    /// </summary>
    public static IServiceCollection AddFeedBoxElasticsearch(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ElasticsearchOptions>()
            .Bind(configuration.GetSection(ElasticsearchOptions.Section))
            .PostConfigure(options => options.ConnectionString ??= configuration.GetConnectionString("elasticsearch"))
            .Validate(options => Uri.TryCreate(options.ConnectionString, UriKind.Absolute, out _), "ConnectionStrings:elasticsearch is missing or no address.")
            .Validate(options => options is { BatchSize: > 0, BatchBytes: > 0 }, $"{ElasticsearchOptions.Section}: sizes must be positive.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => Connect(provider.GetRequiredService<IOptions<ElasticsearchOptions>>().Value));
        services.TryAddSingleton(SearchIndexDefinition.Current);
        services.AddSingleton<ElasticsearchServer>();
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<ElasticsearchOptions>>().Value;
            return new BulkWriter(provider.GetRequiredService<ElasticsearchServer>(), options, provider.GetRequiredService<TimeProvider>(), options.Index);
        });
        services.AddSingleton<ISearchIndex, ElasticsearchSearchIndex>();
        services.AddSingleton<SearchIndexSetup>();
        services.AddHostedService(provider => provider.GetRequiredService<SearchIndexSetup>());
        services.AddSingleton<IAccessLogStore, ElasticsearchAccessLogStore>();
        services.AddHealthChecks().AddCheck<ElasticsearchHealthCheck>("elasticsearch");
        return services;
    }

    private static ElasticsearchClient Connect(ElasticsearchOptions options)
    {
        var address = new Uri(options.ConnectionString!);
        var settings = new ElasticsearchClientSettings(address).RequestTimeout(options.RequestTimeout);
        if (address.UserInfo.Split(':', 2) is [var user, var password])
            settings = settings.Authentication(new BasicAuthentication(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password)));
        return new(settings);
    }
}
