namespace FeedBox.AppHost;

internal static class Deployment
{
    /// <summary>What <c>aspire publish</c> writes: <c>Deploy:Target</c> is compose or kubernetes.</summary>
    public static void AddDeploymentTarget(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsPublishMode)
            return;
        if (builder.Configuration["Deploy:Target"] == "kubernetes")
            builder.AddKubernetesEnvironment("feedbox");
        else
            builder.AddDockerComposeEnvironment("feedbox");
    }
}
