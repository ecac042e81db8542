using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Bench.Servers;

/// <summary>The servers that the environment names.</summary>
internal static class Server
{
    /// <summary>False, and a line that says so, when one of those that a bar needs is not there.</summary>
    public static bool IsThere(string bar, params string[] servers)
    {
        foreach (var name in servers)
            if (string.IsNullOrEmpty(Address(name)))
            {
                Report.Skip(bar, $"ConnectionStrings__{name} is not set");
                return false;
            }
        return true;
    }

    public static string Address(string name) => Environment.GetEnvironmentVariable($"ConnectionStrings__{name}") ?? "";

    /// <summary>What a process with these adapters consists of, as far as it has started.</summary>
    public static async Task<ServiceProvider> StartAsync(
        Action<IServiceCollection, IConfiguration> add, params IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddInMemoryCollection(settings).Build();
        var services = new ServiceCollection().AddLogging();
        add(services, configuration);
        var process = services.BuildServiceProvider();
        foreach (var service in process.GetServices<IHostedService>())
            await service.StartAsync(CancellationToken.None);
        return process;
    }
}
