using FeedBox.Core.Events;
using FeedBox.PortContracts.Events;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Kafka.Tests;

public sealed class KafkaEventLogTests : EventLogContract, IAsyncDisposable
{
    private readonly ServiceProvider _services = KafkaBroker.Services(KafkaBroker.Address);

    protected override IEventLog Log => _services.Log();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}

/// <summary>With the group protocol of brokers before 4.0.</summary>
public sealed class ClassicProtocolEventLogTests : EventLogContract, IAsyncDisposable
{
    private readonly ServiceProvider _services = KafkaBroker.Services(KafkaBroker.Address, ("GroupProtocol", "Classic"));

    protected override IEventLog Log => _services.Log();

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
