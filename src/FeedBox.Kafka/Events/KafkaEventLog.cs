using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using FeedBox.Core;
using FeedBox.Core.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using LogMessage = FeedBox.Core.Events.LogMessage;
using TopicPartition = Confluent.Kafka.TopicPartition;

namespace FeedBox.Kafka.Events;

/// <summary>The event log on Kafka.</summary>
internal sealed partial class KafkaEventLog(KafkaClients clients, IOptions<KafkaOptions> options, ILogger<KafkaEventLog> logger) : IEventLog, IDisposable
{
    private const int FullReplication = 3;
    private const string SessionTimeoutOfGroup = "consumer.session.timeout.ms";
    private static readonly TimeSpan LeaderPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CoordinatorPoll = TimeSpan.FromMilliseconds(100);

    private readonly KafkaOptions _options = options.Value;
    private readonly Lazy<KafkaAppender> _appender = new(() => new(clients, options.Value));
    private readonly Lazy<IAdminClient> _admin = new(clients.CreateAdmin);
    private readonly ConcurrentDictionary<string, Lazy<IConsumer<string?, byte[]>>> _observers = new();
    private int _disposed;

    public Task EnsureTopicsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        var known = await DescribeAsync(cancellationToken);
        var replicas = known.Brokers.Count >= FullReplication ? FullReplication : 1;
        List<TopicSpecification> missing =
        [
            .. topics.Distinct().Except(known.Topics.Select(topic => topic.Topic)).Select(topic => new TopicSpecification
            {
                Name = topic,
                NumPartitions = Topics.Partitions,
                ReplicationFactor = (short)replicas,
                Configs = new()
                {
                    ["min.insync.replicas"] = replicas == FullReplication ? "2" : "1",
                    ["retention.ms"] = _options.Retention.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture),
                    ["message.timestamp.type"] = "LogAppendTime",
                },
            }),
        ];
        if (missing.Count == 0)
            return true;
        try
        {
            await _admin.Value.CreateTopicsAsync(missing, new() { RequestTimeout = _options.RequestTimeout });
        }
        catch (CreateTopicsException e) when (e.Results.All(result => result.Error.Code is ErrorCode.NoError or ErrorCode.TopicAlreadyExists))
        {
            // another process was faster
        }
        while (!await AreReadyAsync([.. missing.Select(topic => topic.Name)], cancellationToken))
            await Task.Delay(LeaderPoll, cancellationToken);
        return true;
    }, cancellationToken);

    public Task AppendAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken) =>
        _appender.Value.AppendAsync(messages, cancellationToken);

    public IEventLogReader Subscribe(string group, IReadOnlyList<string> topics, IPartitionListener listener) =>
        new KafkaReader(clients, group, topics, listener, ConfigureAsync(group), logger);

    public Task<IReadOnlyList<PartitionLag>> LagAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken) => AskAsync(async () =>
    {
        var partitions = Partitions(await DescribeAsync(cancellationToken), topics);
        if (partitions.Count == 0)
            return [];
        // Committed before end, so that the lag is never negative.
        var committed = await CommittedAsync(group, partitions);
        var starts = await OffsetsAsync(partitions.Where(partition => !committed.ContainsKey(partition)), OffsetSpec.Earliest());
        var ends = await OffsetsAsync(partitions, OffsetSpec.Latest());
        return (IReadOnlyList<PartitionLag>)
        [
            .. partitions.Select(partition => new PartitionLag(
                new(partition.Topic, partition.Partition.Value),
                committed.TryGetValue(partition, out var offset) ? offset : starts[partition],
                ends[partition])),
        ];
    }, cancellationToken);

    /// <summary>Throws when the brokers do not answer.</summary>
    internal Task<Metadata> DescribeAsync(CancellationToken cancellationToken) =>
        Blocking.RunAsync(() => _admin.Value.GetMetadata(_options.RequestTimeout)).WaitAsync(cancellationToken);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return; // registered under two types, so disposed of twice
        if (_appender.IsValueCreated)
            _appender.Value.Dispose();
        if (_admin.IsValueCreated)
            _admin.Value.Dispose();
        foreach (var observer in _observers.Values)
            observer.Value.Dispose();
    }

    /// <summary>What KIP-848 keeps with the group instead of the member. A refusal is told and changes nothing.</summary>
    private async Task ConfigureAsync(string group)
    {
        if (_options.GroupProtocol == GroupProtocol.Classic)
            return;
        var timeout = _options.SessionTimeout.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
        try
        {
            await _admin.Value.IncrementalAlterConfigsAsync(
                new() { [new() { Type = ResourceType.Group, Name = group }] = [new() { Name = SessionTimeoutOfGroup, Value = timeout }] },
                new() { RequestTimeout = _options.RequestTimeout });
        }
        catch (KafkaException e)
        {
            LogGroupNotConfigured(group, SessionTimeoutOfGroup, timeout, e is IncrementalAlterConfigsException { Results: [var result, ..] } ? result.Error.Reason : e.Error.Reason);
        }
    }

    /// <summary>The creation is answered before the leaders of the partitions take anything.</summary>
    private async Task<bool> AreReadyAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        try
        {
            var found = Partitions(await DescribeAsync(cancellationToken), topics);
            await OffsetsAsync(found, OffsetSpec.Latest());
            return found.Count == topics.Count * Topics.Partitions;
        }
        catch (ListOffsetsException)
        {
            return false;
        }
    }

    private static List<TopicPartition> Partitions(Metadata metadata, IReadOnlyList<string> topics) =>
    [
        .. metadata.Topics.Where(topic => topics.Contains(topic.Topic))
            .SelectMany(topic => topic.Partitions.Select(partition => new TopicPartition(topic.Topic, partition.PartitionId))),
    ];

    /// <summary>
    /// Asked through a consumer that never joins: the admin client's ListConsumerGroupOffsets ends the process when the group's coordinator
    /// is just moving or starting (librdkafka issue 5040).
    /// </summary>
    private async Task<Dictionary<TopicPartition, long>> CommittedAsync(string group, List<TopicPartition> partitions)
    {
        var observer = _observers.GetOrAdd(group, name => new(() => clients.CreateConsumer(name, _ => { }))).Value;
        var committed = await Blocking.RunAsync(() => Committed(observer, partitions));
        return committed.Where(partition => partition.Offset.Value >= 0)
            .ToDictionary(partition => partition.TopicPartition, partition => partition.Offset.Value);
    }

    /// <summary>While the coordinator moves or loads, asks again: the client looks for the new one, but does not repeat the question.</summary>
    private List<TopicPartitionOffset> Committed(IConsumer<string?, byte[]> observer, List<TopicPartition> partitions)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return observer.Committed(partitions, _options.RequestTimeout);
            }
            catch (KafkaException e) when (Stopwatch.GetElapsedTime(started) < _options.RequestTimeout && e.Error.Code
                is ErrorCode.NotCoordinatorForGroup or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.GroupLoadInProgress)
            {
                Thread.Sleep(CoordinatorPoll);
            }
        }
    }

    private async Task<Dictionary<TopicPartition, long>> OffsetsAsync(
        IEnumerable<TopicPartition> partitions, OffsetSpec spec)
    {
        List<TopicPartitionOffsetSpec> wanted =
            [.. partitions.Select(partition => new TopicPartitionOffsetSpec { TopicPartition = partition, OffsetSpec = spec })];
        if (wanted.Count == 0)
            return [];
        var result = await _admin.Value.ListOffsetsAsync(wanted, new() { RequestTimeout = _options.RequestTimeout });
        return result.ResultInfos.ToDictionary(info => info.TopicPartitionOffsetError.TopicPartition, info => info.TopicPartitionOffsetError.Offset.Value);
    }

    private static async Task<T> AskAsync<T>(Func<Task<T>> question, CancellationToken cancellationToken)
    {
        try
        {
            return await question().WaitAsync(cancellationToken);
        }
        catch (KafkaException e)
        {
            throw new DependencyUnavailableException("kafka", TimeSpan.FromSeconds(1), e);
        }
    }

    [LoggerMessage(LogLevel.Information, "The brokers do not give group {Group} {Name}={Value}: {Reason}")]
    private partial void LogGroupNotConfigured(string group, string name, string value, string reason);
}
