namespace FeedBox.AppHost;

/// <summary>The five servers by the names of their connection strings.</summary>
internal sealed record Servers(
    IResourceBuilder<IResourceWithConnectionString> Kafka,
    IResourceBuilder<IResourceWithConnectionString> MySql,
    IResourceBuilder<IResourceWithConnectionString> Redis,
    IResourceBuilder<IResourceWithConnectionString> Mongo,
    IResourceBuilder<IResourceWithConnectionString> Elasticsearch);

internal static class ServersSetup
{
    /// <summary><c>Infra:Mode</c>: containers, or external for servers that already run, from ConnectionStrings:kafka|mysql|redis|mongo|elasticsearch.</summary>
    public static Servers AddServers(this IDistributedApplicationBuilder builder) => builder.Configuration["Infra:Mode"] switch
    {
        "external" => new(
            builder.AddConnectionString("kafka"),
            builder.AddConnectionString("mysql"),
            builder.AddConnectionString("redis"),
            builder.AddConnectionString("mongo"),
            builder.AddConnectionString("elasticsearch")),
        "containers" or null => builder.AddContainers(),
        var unknown => throw new DistributedApplicationException($"Infra:Mode is containers or external, not '{unknown}'."),
    };

    private static Servers AddContainers(this IDistributedApplicationBuilder builder)
    {
        // "persistent" containers outlive the AppHost, so that the next start takes seconds.
        var lifetime = builder.Configuration["Infra:Lifetime"] == "persistent" ? ContainerLifetime.Persistent : ContainerLifetime.Session;

        var kafka = builder.AddKafka("kafka").WithKafkaUI(ui => ui.WithLifetime(lifetime))
            .WithEnvironment("KAFKA_GROUP_CONSUMER_MIN_SESSION_TIMEOUT_MS", "15000") // lets a worker that died be replaced sooner
            .WithDataVolume().WithLifetime(lifetime);
        var mysql = builder.AddMySql("mysql-server").WithDataVolume().WithLifetime(lifetime);
        var redis = builder.AddRedis("redis").WithRedisInsight(insight => insight.WithLifetime(lifetime))
            .WithDataVolume().WithPersistence(TimeSpan.FromSeconds(10), 1).WithLifetime(lifetime);
        var mongo = builder.AddMongoDB("mongo-server").WithMongoExpress(express => express.WithLifetime(lifetime)).WithDataVolume().WithLifetime(lifetime);
        var elasticsearch = builder.AddElasticsearch("elasticsearch").WithDockerfile("elasticsearch") // adds Korean analysis
            .WithEnvironment("ES_JAVA_OPTS", "-Xms512m -Xmx512m").WithDataVolume().WithLifetime(lifetime);

        return new(kafka, mysql.AddDatabase("mysql", "feedbox"), redis, mongo.AddDatabase("mongo", "feedbox"), elasticsearch);
    }

    public static IResourceBuilder<ProjectResource> WithServers(this IResourceBuilder<ProjectResource> project, Servers servers)
    {
        foreach (var server in new[] { servers.Kafka, servers.MySql, servers.Redis, servers.Mongo, servers.Elasticsearch })
            project.WithReference(server).WaitFor(server);
        return project;
    }
}
