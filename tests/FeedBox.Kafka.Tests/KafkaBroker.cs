using System.Runtime.CompilerServices;
using FeedBox.Core.Events;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Kafka.Tests;

/// <summary>The broker that tests share: the one of <c>ConnectionStrings__kafka</c>.</summary>
internal static class KafkaBroker
{
    /// <summary>Tests use the native library directly too, and any of them may be the first.</summary>
    static KafkaBroker() => RuntimeHelpers.RunClassConstructor(typeof(KafkaClients).TypeHandle);

    public static string Address
    {
        get
        {
            var address = Environment.GetEnvironmentVariable("ConnectionStrings__kafka");
            Assert.SkipWhen(string.IsNullOrEmpty(address), "ConnectionStrings__kafka is not set");
            return address;
        }
    }

    /// <summary>What a process gets from AddFeedBoxKafka.</summary>
    public static ServiceProvider Services(string address, params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("ConnectionStrings:kafka", address),
            .. settings.Select(setting => KeyValuePair.Create<string, string?>($"FeedBox:Kafka:{setting.Name}", setting.Value)),
        ]).Build();
        return new ServiceCollection().AddLogging().AddFeedBoxKafka(configuration).BuildServiceProvider();
    }

    public static IEventLog Log(this IServiceProvider services) => services.GetRequiredService<IEventLog>();
}
