using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Pipeline.Relaying;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline;

/// <summary>Creates the topics, then runs the relay and the consumers until the process stops.</summary>
internal sealed partial class PipelineService(
    IEventLog log, IEnumerable<IEventHandler> handlers, OutboxRelay relay, IOptions<RelayOptions> relaying, Consumers consumers, TimeProvider time,
    ILogger<PipelineService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await CreateTopicsAsync(stoppingToken);
        var relayed = relaying.Value.Enabled ? relay.RunAsync(stoppingToken) : Task.CompletedTask;
        await foreach (var ended in Task.WhenEach(relayed, consumers.RunAsync(stoppingToken)))
            await ended;
    }

    private async Task CreateTopicsAsync(CancellationToken stoppingToken)
    {
        IReadOnlyList<string> topics =
            [.. handlers.SelectMany(handler => handler.Topics).SelectMany(topic => new[] { topic, Topics.DeadLetter(topic) }).Union(Topics.All)];
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                await log.EnsureTopicsAsync(topics, stoppingToken);
                return;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNoTopics(e);
                await backoff.WaitAsync(time, stoppingToken);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The topics cannot be created yet")]
    private partial void LogNoTopics(Exception e);
}
