using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.AppHost.Tests;

/// <summary>The graph as it is declared; nothing is started, so neither containers nor servers are needed.</summary>
public sealed class GraphTests
{
    private static readonly string[] Servers = ["kafka", "mysql", "redis", "mongo", "elasticsearch"];

    [Theory]
    [InlineData("api-read")]
    [InlineData("api-write")]
    [InlineData("workers")]
    public async Task A_process_has_every_server_and_waits_for_it(string name)
    {
        await using var app = await BuildAsync();
        var process = Find(app, name);

        var waitsFor = process.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).ToList();
        Assert.All(Servers, server => Assert.Contains(server, waitsFor));
        Assert.Contains("user-team", waitsFor);
        var environment = await EnvironmentAsync(process);
        Assert.All(Servers, server => Assert.Contains($"ConnectionStrings__{server}", environment.Keys));
    }

    [Fact]
    public async Task D22_reads_and_writes_are_processes_of_one_project_and_know_each_other()
    {
        await using var app = await BuildAsync();
        var (read, write) = (Find(app, "api-read"), Find(app, "api-write"));

        Assert.Equal(Project(read), Project(write));
        var (reading, writing) = (await EnvironmentAsync(read), await EnvironmentAsync(write));
        Assert.Equal("Read", reading["FeedBox__Role"]);
        Assert.Equal("Write", writing["FeedBox__Role"]);
        Assert.Same(write, Assert.IsType<EndpointReference>(reading["FeedBox__Neighbours__Writes"]).Resource);
        Assert.Same(read, Assert.IsType<EndpointReference>(writing["FeedBox__Neighbours__Reads"]).Resource);
    }

    [Fact, Trait("Capability", "F38")]
    public async Task F38_each_consumer_may_have_a_process_of_its_own()
    {
        await using var app = await BuildAsync("--Workers:Apart=true");

        var processes = app.Services.GetRequiredService<DistributedApplicationModel>().GetProjectResources().Where(project => project.Name.StartsWith("worker", StringComparison.Ordinal));
        var groups = new List<string>();
        foreach (var process in processes)
        {
            var environment = await EnvironmentAsync(process);
            var mine = environment.Where(variable => variable.Key.StartsWith("FeedBox__Consumers__Groups__", StringComparison.Ordinal)).Select(variable => (string)variable.Value).ToList();
            Assert.Equal(process.Name == "workers" ? 2 : 1, mine.Count);
            Assert.Equal(process.Name != "workers", environment.ContainsKey("FeedBox__Relay__Enabled"));
            groups.AddRange(mine);
        }
        Assert.Equal(
            ["feedbox-access-log", "feedbox-coupon-issue", "feedbox-dead-letters", "feedbox-post-caching", "feedbox-post-indexing", "feedbox-post-inspect", "feedbox-post-subscribing"],
            groups.Order());
    }

    [Theory]
    [InlineData("api-read", "UserTeam", "Workers", "Writes")]
    [InlineData("api-write", "Reads", "UserTeam", "Workers")]
    [InlineData("workers", "UserTeam")]
    public async Task D21_a_process_watches_those_it_works_with(string name, params string[] peers)
    {
        const string Prefix = "FeedBox__PeerHealth__Peers__";
        await using var app = await BuildAsync();

        var watched = (await EnvironmentAsync(Find(app, name))).Where(variable => variable.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToList();

        Assert.Equal(peers, watched.Select(variable => variable.Key[Prefix.Length..]).Order());
        Assert.All(watched, variable => Assert.EndsWith("/alive", Assert.IsType<ReferenceExpression>(variable.Value).ValueExpression));
    }

    [Theory]
    [InlineData("api-read")]
    [InlineData("api-write")]
    [InlineData("workers")]
    public async Task A_process_runs_in_the_environment_of_the_host(string name)
    {
        await using var app = await BuildAsync();

        Assert.Equal("Development", (await EnvironmentAsync(Find(app, name)))["ASPNETCORE_ENVIRONMENT"]);
    }

    [Fact]
    public async Task Containers_keep_their_data_and_search_knows_Korean()
    {
        await using var app = await BuildAsync();

        string[] containers = ["kafka", "mysql-server", "redis", "mongo-server", "elasticsearch"];
        Assert.All(containers, name => Assert.Contains(Find(app, name).Annotations.OfType<ContainerMountAnnotation>(), mount => mount.Type == ContainerMountType.Volume));
        var build = Assert.Single(Find(app, "elasticsearch").Annotations.OfType<DockerfileBuildAnnotation>());
        Assert.Contains("analysis-nori", await File.ReadAllTextAsync(build.DockerfilePath));
    }

    [Fact]
    public async Task Kafka_allows_the_session_timeout_that_the_consumers_ask_for()
    {
        await using var app = await BuildAsync();

        var shortest = (await EnvironmentAsync(Find(app, "kafka")))["KAFKA_GROUP_CONSUMER_MIN_SESSION_TIMEOUT_MS"];
        Assert.Equal("15000", shortest);
    }

    [Fact]
    public async Task Servers_that_already_run_need_no_container()
    {
        await using var app = await BuildAsync("--Infra:Mode=external");

        var model = app.Services.GetRequiredService<DistributedApplicationModel>();
        Assert.Empty(model.GetContainerResources());
        Assert.All(Servers, server => Assert.IsType<IResourceWithConnectionString>(Find(app, server), exactMatch: false));
    }

    [Theory]
    [InlineData("--Parameters:openai-key=secret", true)]
    [InlineData("--Parameters:openai-key=", false)]
    public async Task Only_the_workers_get_the_OpenAI_key_and_only_when_there_is_one(string argument, bool given)
    {
        await using var app = await BuildAsync(argument);

        var environment = await EnvironmentAsync(Find(app, "workers"));
        Assert.Equal(given, environment.TryGetValue("FeedBox__OpenAI__ApiKey", out var key));
        if (given)
            Assert.True(Assert.IsType<ParameterResource>(key).Secret);
        Assert.DoesNotContain("FeedBox__OpenAI__ApiKey", (await EnvironmentAsync(Find(app, "api-write"))).Keys);
    }

    [Fact]
    public async Task An_operator_can_replay_dead_letters_and_seed_the_demo()
    {
        await using var app = await BuildAsync();

        Assert.Contains(Find(app, "workers").Annotations.OfType<ResourceCommandAnnotation>(), command => command.Name == "replay-dead-letters");
        Assert.Contains(Find(app, "api-read").Annotations.OfType<ResourceCommandAnnotation>(), command => command.Name == "seed-demo");
    }

    [Fact]
    public async Task The_mock_makes_way_for_a_real_user_team()
    {
        await using var app = await BuildAsync("--UserTeam:Address=https://users.example");

        Assert.DoesNotContain(app.Services.GetRequiredService<DistributedApplicationModel>().Resources, resource => resource.Name == "user-team");
        Assert.Equal("https://users.example", (await EnvironmentAsync(Find(app, "api-read")))["FeedBox__UserTeam__BaseAddress"]);
    }

    private static async Task<DistributedApplication> BuildAsync(params string[] arguments)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.FeedBox_AppHost>(arguments);
        return await builder.BuildAsync();
    }

    private static IResource Find(DistributedApplication app, string name) =>
        Assert.Single(app.Services.GetRequiredService<DistributedApplicationModel>().Resources, resource => resource.Name == name);

    private static string Project(IResource resource) => Assert.Single(resource.Annotations.OfType<IProjectMetadata>()).ProjectPath;

    private static async Task<Dictionary<string, object>> EnvironmentAsync(IResource resource)
    {
        var context = new EnvironmentCallbackContext(new DistributedApplicationExecutionContext(DistributedApplicationOperation.Publish));
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToList())
            await annotation.Callback(context);
        return context.EnvironmentVariables;
    }
}
