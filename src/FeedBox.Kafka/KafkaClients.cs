using System.Runtime.InteropServices;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FeedBox.Kafka;

/// <summary>
/// Builds every client of the brokers, and is the only place that does. A process that wants more of them
/// (statistics, tracing) registers its own subclass and completes the builders.
/// </summary>
public partial class KafkaClients(IOptions<KafkaOptions> options, ILogger<KafkaClients> logger)
{
    private readonly KafkaOptions _options = options.Value;

    static KafkaClients() => Librdkafka.Register();

    protected virtual void Configure(ProducerBuilder<string?, ReadOnlyMemory<byte>> builder) { }

    protected virtual void Configure(ConsumerBuilder<string?, byte[]> builder) { }

    /// <summary>
    /// Messages never expire inside the producer: a later one cannot pass an earlier one that was given up. Who cannot wait gives up
    /// on the acknowledgement, not on the message.
    /// </summary>
    /// <param name="onUnreachable">Called when the last connection to a broker is gone.</param>
    internal IProducer<string?, ReadOnlyMemory<byte>> CreateProducer(Action onUnreachable)
    {
        var config = new ProducerConfig(Common())
        {
            Acks = Acks.All,
            EnableIdempotence = true,
            MessageTimeoutMs = 0,
            CompressionType = _options.Compression,
            LingerMs = _options.Linger.TotalMilliseconds,
            Partitioner = Partitioner.Murmur2Random, // Java's: whoever else writes to these topics puts a key on the same partition
            DeliveryReportFields = "none",
        };
        var builder = new ProducerBuilder<string?, ReadOnlyMemory<byte>>(With(config))
            .SetKeySerializer(Serializers.Utf8!)
            .SetValueSerializer(new Bytes())
            .SetErrorHandler((_, error) =>
            {
                if (error.Code == ErrorCode.Local_AllBrokersDown)
                    onUnreachable();
                Report(error);
            })
            .SetLogHandler((_, message) => Report(message));
        Configure(builder);
        return builder.Build();
    }

    internal IConsumer<string?, byte[]> CreateConsumer(string group, Action<ConsumerBuilder<string?, byte[]>> handlers)
    {
        var config = new ConsumerConfig(Common())
        {
            GroupId = group,
            GroupProtocol = _options.GroupProtocol,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            EnableAutoOffsetStore = false,
            QueuedMinMessages = 5_000, // read ahead less than the default: a busy partition then delays the others less
            QueuedMaxMessagesKbytes = 4 * 1024,
            FetchQueueBackoffMs = 10, // a partition that was read ahead far enough is looked at again soon: the default of a second would be its pace
        };
        if (_options.GroupProtocol == GroupProtocol.Classic)
        {
            config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
            config.SessionTimeoutMs = (int)_options.SessionTimeout.TotalMilliseconds;
        }
        var builder = new ConsumerBuilder<string?, byte[]>(With(config))
            .SetKeyDeserializer(NullableUtf8.Instance)
            .SetErrorHandler((_, error) => Report(error))
            .SetLogHandler((_, message) => Report(message));
        handlers(builder);
        Configure(builder);
        return builder.Build();
    }

    internal IAdminClient CreateAdmin() =>
        new AdminClientBuilder(With(new AdminClientConfig(Common())))
            .SetErrorHandler((_, error) => Report(error))
            .SetLogHandler((_, message) => Report(message))
            .Build();

    private Dictionary<string, string> Common()
    {
        var config = new ClientConfig
        {
            BootstrapServers = _options.BootstrapServers,
            ClientId = "feedbox",
            AllowAutoCreateTopics = false,
            ReconnectBackoffMs = 50,
            ReconnectBackoffMaxMs = 1_000, // the default of 10 s would add that much to every broker restart
            TopicMetadataRefreshIntervalMs = 30_000,
        };
        return config.ToDictionary();
    }

    /// <summary>Last, so that the operator's word wins.</summary>
    private T With<T>(T config) where T : ClientConfig
    {
        foreach (var (name, value) in _options.Properties)
            config.Set(name, value);
        return config;
    }

    private void Report(Error error)
    {
        if (error.IsFatal)
            LogFatal(error.Code, error.Reason);
        else
            LogError(error.Code == ErrorCode.Local_AllBrokersDown ? LogLevel.Debug : LogLevel.Warning, error.Code, error.Reason); // told many times a second
    }

    private void Report(Confluent.Kafka.LogMessage message) =>
        LogNative(message.Facility == "METADATAUPDATE" // each partition that a restarted broker does not know yet
            ? LogLevel.Debug
            : (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging), message.Facility, message.Message);

    private sealed class Bytes : ISerializer<ReadOnlyMemory<byte>>
    {
        public byte[] Serialize(ReadOnlyMemory<byte> data, SerializationContext context) =>
            MemoryMarshal.TryGetArray(data, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
                ? segment.Array
                : data.ToArray();
    }

    private sealed class NullableUtf8 : IDeserializer<string?>
    {
        public static readonly NullableUtf8 Instance = new();

        public string? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            isNull ? null : System.Text.Encoding.UTF8.GetString(data);
    }

    [LoggerMessage(LogLevel.Error, "Kafka client failed for good: {Code}: {Reason}")]
    private partial void LogFatal(ErrorCode code, string reason);

    [LoggerMessage(Message = "Kafka: {Code}: {Reason}")]
    private partial void LogError(LogLevel level, ErrorCode code, string reason);

    [LoggerMessage(Message = "{Facility}: {Message}")]
    private partial void LogNative(LogLevel level, string facility, string message);
}
