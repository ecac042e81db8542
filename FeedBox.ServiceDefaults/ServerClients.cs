using Elastic.Clients.Elasticsearch;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace FeedBox.ServiceDefaults;

/// <summary>
/// The clients of Redis, MongoDB and Elasticsearch as Aspire sets them up, with traces and metrics; the adapters take them from here.
/// Health stays with the adapters, which know what well means.
/// </summary>
public static class ServerClients
{
    public static IHostApplicationBuilder AddServerClients(this IHostApplicationBuilder builder)
    {
        builder.AddRedisClient("redis", redis => redis.DisableHealthChecks = true, redis =>
        {
            redis.BacklogPolicy = BacklogPolicy.FailFast; // while the server is away, callers turn elsewhere at once
            redis.AsyncTimeout = 2_000;
            redis.SocketManager = SocketManager.ThreadPool; // threads of its own take twice the processor time for the same work
        });
        builder.AddMongoDBClient("mongo", mongo => mongo.DisableHealthChecks = true,
            mongo => mongo.ServerSelectionTimeout = TimeSpan.FromSeconds(3)); // the default of 30 s would keep every caller waiting for a server that is away
        builder.AddElasticsearchClient("elasticsearch", elastic => elastic.DisableHealthChecks = true,
            elastic => elastic.RequestTimeout(TimeSpan.FromSeconds(10)));
        return builder;
    }
}
