using Microsoft.Extensions.Configuration;
using FeedBox.AppHost;

var builder = DistributedApplication.CreateBuilder(args);

builder.AddDeploymentTarget();

var servers = builder.AddServers(); // Kafka, MySQL, Redis, MongoDB, Elasticsearch
var userTeam = builder.AddUserTeam();
var openAIKey = builder.AddOpenAIKey();

var (workers, apart) = builder.AddWorkers(); // all in one process, or each consumer in its own
foreach (var worker in apart.Prepend(workers))
{
    worker
        .WithHttp()
        .WithServers(servers)
        .WithUserTeam(userTeam)
        .WithOpenAI(openAIKey)
        .WithHealth()
        .WithReplicas(builder.Configuration.GetValue("Workers:Replicas", 2));
}

workers.WithReplayCommand();

var write = builder.AddProject<Projects.FeedBox_Api>("api-write")
    .WithHttp()
    .WithServers(servers)
    .WithUserTeam(userTeam)
    .WithRole("Write")
    .WithHealth();

var read = builder.AddProject<Projects.FeedBox_Api>("api-read")
    .WithHttp()
    .WithServers(servers)
    .WithUserTeam(userTeam)
    .WithRole("Read")
    .WithNeighbour("Writes", write)
    .WithNeighbour("Workers", workers)
    .WithHealth()
    .WithExternalHttpEndpoints();

write.WithNeighbour("Reads", read).WithNeighbour("Workers", workers);

builder.AddDemo(read);

builder.Build().Run();
