using Aspire.Hosting.Kubernetes.Resources;

namespace FeedBox.AppHost;

internal static class Deployment
{
    /// <summary>What <c>aspire publish</c> writes: <c>Deploy:Target</c> is compose or kubernetes.</summary>
    public static void AddDeploymentTarget(this IDistributedApplicationBuilder builder)
    {
        if (!builder.ExecutionContext.IsPublishMode)
            return;
        if (builder.IsForKubernetes())
            builder.AddKubernetesEnvironment("feedbox");
        else
            builder.AddDockerComposeEnvironment("feedbox");
    }

    /// <summary>
    /// Here: a free port, and the environment of this host, so that X-User-Id works. In a container: port 8080,
    /// with the requests that autoscaling (deploy/kubernetes) measures against: under load a process fills up to two thirds of its memory.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithHttp(this IResourceBuilder<ProjectResource> project) =>
        project.ApplicationBuilder.ExecutionContext.IsRunMode
            ? project.WithHttpEndpoint().WithEnvironment("ASPNETCORE_ENVIRONMENT", project.ApplicationBuilder.Environment.EnvironmentName)
            : project.WithHttpEndpoint(targetPort: 8080).WithRequests();

    private static IResourceBuilder<ProjectResource> WithRequests(this IResourceBuilder<ProjectResource> project) =>
        !project.ApplicationBuilder.IsForKubernetes() ? project : project.PublishAsKubernetesService(kubernetes =>
        {
            foreach (var container in kubernetes.Workload?.PodTemplate.Spec.Containers ?? [])
            {
                foreach (var probe in new[] { container.LivenessProbe?.HttpGet, container.ReadinessProbe?.HttpGet }.OfType<HttpGetActionV1>())
                    probe.Scheme = "HTTP"; // Kubernetes knows only the capital form
                container.Resources = new() { Requests = { ["cpu"] = "250m", ["memory"] = "512Mi" }, Limits = { ["memory"] = "1Gi" } };
            }
        });

    private static bool IsForKubernetes(this IDistributedApplicationBuilder builder) => builder.Configuration["Deploy:Target"] == "kubernetes";
}
