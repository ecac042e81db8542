using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.AppHost;

/// <summary>What an operator can do from the dashboard, each a button in the row of its process.</summary>
internal static class Commands
{
    public static IResourceBuilder<ProjectResource> WithReplayCommand(this IResourceBuilder<ProjectResource> workers) =>
        workers.WithHttpCommand("/ops/dead-letters/replay-all", "Replay dead letters", endpointName: "http", commandName: "replay-dead-letters", commandOptions: new()
        {
            Description = "Sends every dead letter back to the consumer that failed.",
            ConfirmationMessage = "Replay all dead letters?",
            IconName = "ArrowRepeatAll",
            IsHighlighted = true,
            Method = HttpMethod.Post,
            PrepareRequest = context =>
            {
                context.Request.Headers.Add("X-User-Id", "1"); // the operator in Development
                context.Request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
                return Task.CompletedTask;
            },
        });

    /// <summary>30 posts, their way to inboxes and search, and a coupon event; its log shows how it went.</summary>
    public static void AddDemo(this IDistributedApplicationBuilder builder, IResourceBuilder<ProjectResource> api)
    {
        if (builder.ExecutionContext.IsPublishMode)
            return;
        builder.AddProject<Projects.FeedBox_Demo>("demo").WithArgs("--url", api.GetEndpoint("http")).WaitFor(api).WithExplicitStart();
        api.WithCommand("seed-demo", "Seed the demo", context =>
            context.ServiceProvider.GetRequiredService<ResourceCommandService>().ExecuteCommandAsync("demo", "resource-start", context.CancellationToken),
            new() { Description = "Publishes the demo's posts and opens a coupon event; see the log of demo.", IconName = "PlantGrass", IsHighlighted = true });
    }
}
