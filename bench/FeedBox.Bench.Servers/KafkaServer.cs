using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace FeedBox.Bench.Servers;

internal static class KafkaServer
{
    /// <summary>A broker tells nobody its version; the folder of the servers does.</summary>
    public static string Name { get; } =
        Environment.GetEnvironmentVariable("FEEDBOX_SERVERS") is { Length: > 0 } folder && Path.Combine(folder, "kafka", "lib") is var jars && Directory.Exists(jars)
        && Directory.EnumerateFiles(jars, "kafka-server-?.*.jar").FirstOrDefault() is { } jar
            ? $"Kafka {Path.GetFileNameWithoutExtension(jar)["kafka-server-".Length..]}"
            : "Kafka";

    public static async Task DeleteAsync(string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Server.Address("kafka") }).Build();
        try
        {
            await admin.DeleteTopicsAsync([topic]);
        }
        catch (DeleteTopicsException)
        {
            // the measurement failed before it was there
        }
    }
}
