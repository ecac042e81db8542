using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace FeedBox.AppHost;

internal static class WorkersSetup
{
    private static readonly (string Name, string Group)[] Consumers =
    [
        ("worker-caching", "feedbox-post-caching"),
        ("worker-inspect", "feedbox-post-inspect"),
        ("worker-subscribing", "feedbox-post-subscribing"),
        ("worker-indexing", "feedbox-post-indexing"),
        ("worker-coupon", "feedbox-coupon-issue"),
    ];

    /// <summary>
    /// With <c>Workers:Apart</c> every consumer of the product is a process of its own, to stop and to scale alone;
    /// the first keeps the relay, the dead letters, the access log and the operators.
    /// </summary>
    public static (IResourceBuilder<ProjectResource> Workers, IReadOnlyList<IResourceBuilder<ProjectResource>> Apart) AddWorkers(this IDistributedApplicationBuilder builder)
    {
        var workers = builder.AddProject<Projects.FeedBox_Workers>("workers");
        if (!builder.Configuration.GetValue("Workers:Apart", false))
            return (workers, []);
        workers.WithGroups("feedbox-dead-letters", "feedbox-access-log");
        return (workers,
        [
            .. Consumers.Select(consumer => builder.AddProject<Projects.FeedBox_Workers>(consumer.Name)
                .WithGroups(consumer.Group)
                .WithEnvironment("FeedBox__Relay__Enabled", "false")),
        ]);
    }

    private static IResourceBuilder<ProjectResource> WithGroups(this IResourceBuilder<ProjectResource> workers, params string[] groups)
    {
        for (var i = 0; i < groups.Length; i++)
            workers.WithEnvironment($"FeedBox__Consumers__Groups__{i}", groups[i]);
        return workers;
    }
}

/// <summary>What our own processes are given.</summary>
internal static class Processes
{
#pragma warning disable ASPIREPROBES001 // probes are what a deployment needs of health, and still young in Aspire
    public static IResourceBuilder<ProjectResource> WithHealth(this IResourceBuilder<ProjectResource> project) => project
        .WithHttpProbe(ProbeType.Liveness, "/alive")
        .WithHttpProbe(ProbeType.Readiness, "/health");
#pragma warning restore ASPIREPROBES001

    /// <summary>Reads and writes are served by different processes, so that they scale apart.</summary>
    public static IResourceBuilder<ProjectResource> WithRole(this IResourceBuilder<ProjectResource> api, string role) =>
        api.WithEnvironment("FeedBox__Role", role);

    /// <summary>Who answers what this process does not.</summary>
    public static IResourceBuilder<ProjectResource> WithNeighbour(this IResourceBuilder<ProjectResource> api, string what, IResourceBuilder<ProjectResource> neighbour) =>
        api.WithEnvironment($"FeedBox__Neighbours__{what}", neighbour.GetEndpoint("http")).WithPeer(what, neighbour);

    /// <summary>Whose health this process watches.</summary>
    public static IResourceBuilder<ProjectResource> WithPeer(this IResourceBuilder<ProjectResource> project, string what, IResourceBuilder<ProjectResource> peer) =>
        project.WithEnvironment($"FeedBox__PeerHealth__Peers__{what}", ReferenceExpression.Create($"{peer.GetEndpoint("http")}/alive"));
}

/// <summary>The other team's API: at <c>UserTeam:Address</c>, or its mock with <c>UserTeam:Failures</c> and <c>UserTeam:Delay</c>.</summary>
internal sealed record UserTeam(string? Address, IResourceBuilder<ProjectResource>? Mock);

internal static class UserTeamSetup
{
    public static UserTeam AddUserTeam(this IDistributedApplicationBuilder builder)
    {
        var settings = builder.Configuration.GetSection("UserTeam");
        if (settings["Address"] is { Length: > 0 } address)
            return new(address, null);
        return new(null, builder.AddProject<Projects.FeedBox_UserTeamMock>("user-team")
            .WithHttp()
            .WithEnvironment("UserTeam__Failures", settings["Failures"] ?? "0.2")
            .WithEnvironment("UserTeam__Delay", settings["Delay"] ?? "00:00:01")
            .WithHttpHealthCheck("/alive"));
    }

    public static IResourceBuilder<ProjectResource> WithUserTeam(this IResourceBuilder<ProjectResource> project, UserTeam userTeam) =>
        userTeam.Mock is { } mock
            ? project.WithEnvironment("FeedBox__UserTeam__BaseAddress", mock.GetEndpoint("http")).WithPeer("UserTeam", mock).WaitFor(mock)
            : project.WithEnvironment("FeedBox__UserTeam__BaseAddress", userTeam.Address);
}

internal static class OpenAISetup
{
    /// <summary>A secret, from <c>Parameters:openai-key</c> or the environment's OPENAI_API_KEY. None, and the offline inspector works.</summary>
    public static IResourceBuilder<ParameterResource>? AddOpenAIKey(this IDistributedApplicationBuilder builder)
    {
        var key = builder.Configuration["Parameters:openai-key"] ?? builder.Configuration["OPENAI_API_KEY"];
        if (builder.ExecutionContext.IsPublishMode)
            return builder.AddParameter("openai-key", secret: true); // asked for where it is deployed; may be empty there
        return string.IsNullOrWhiteSpace(key) ? null : builder.AddParameter("openai-key", key, secret: true);
    }

    public static IResourceBuilder<ProjectResource> WithOpenAI(this IResourceBuilder<ProjectResource> workers, IResourceBuilder<ParameterResource>? key) =>
        key is null ? workers : workers.WithEnvironment("FeedBox__OpenAI__ApiKey", key);
}
