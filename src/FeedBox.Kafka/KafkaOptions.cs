using Confluent.Kafka;

namespace FeedBox.Kafka;

/// <summary>Section <c>FeedBox:Kafka</c>; the brokers come from <c>ConnectionStrings:kafka</c>.</summary>
public sealed class KafkaOptions
{
    public const string Section = "FeedBox:Kafka";

    /// <summary>host:port, comma separated.</summary>
    public string? BootstrapServers { get; set; }

    public CompressionType Compression { get; set; } = CompressionType.Lz4;

    /// <summary>How long the producer waits for more messages of a partition before it sends.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromMilliseconds(5);

    /// <summary>How long an append waits for its acknowledgements before its caller is told that the log is unavailable.</summary>
    public TimeSpan AppendTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The same while no broker can be reached, so that callers turn elsewhere within a second.</summary>
    public TimeSpan OutageTimeout { get; set; } = TimeSpan.FromMilliseconds(800);

    /// <summary><see cref="GroupProtocol.Consumer"/> is KIP-848 (brokers 4.0 and later); <see cref="GroupProtocol.Classic"/> is cooperative-sticky, for older ones.</summary>
    public GroupProtocol GroupProtocol { get; set; } = GroupProtocol.Consumer;

    /// <summary>
    /// After so long a consumer that fell silent is replaced. Brokers with KIP-848 keep this with the group and take no less than their
    /// group.consumer.min.session.timeout.ms, 45 s unless configured; a group they refuse it for keeps what it has.
    /// </summary>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the records of a topic that we create are kept.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a question about topics, offsets or health may take.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Anything else librdkafka knows, for every client, e.g. <c>FeedBox:Kafka:Properties:security.protocol=SASL_SSL</c>.</summary>
    public Dictionary<string, string> Properties { get; set; } = [];
}
