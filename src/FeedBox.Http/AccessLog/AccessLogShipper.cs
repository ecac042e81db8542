using System.Diagnostics.Metrics;
using System.Threading.Channels;
using FeedBox.Core;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Events;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FeedBox.Http.AccessLog;

/// <summary>
/// Brings entries to the event log behind the requests' back, together with what comes within a moment. While the log takes none, they wait;
/// what there is no room for is dropped and counted, because no request waits for its entry.
/// </summary>
internal sealed partial class AccessLogShipper : BackgroundService
{
    private const int BatchSize = 500;
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private static readonly Counter<long> Dropped =
        Telemetry.Meter.CreateCounter<long>("feedbox.access_log.dropped", "{entry}", "Answered requests that are not in the access log");

    private readonly IEventLog _log;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<AccessLogEntry> _waiting;
    private readonly List<AccessLogEntry> _batch = new(BatchSize);

    public AccessLogShipper(IEventLog log, AccessLogOptions options, TimeProvider time, ILogger<AccessLogShipper> logger)
    {
        (_log, _time, _logger) = (log, time, logger);
        _waiting = Channel.CreateBounded<AccessLogEntry>(
            new BoundedChannelOptions(options.Buffer) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite }, _ => Dropped.Add(1));
    }

    public void Take(AccessLogEntry entry) => _waiting.Writer.TryWrite(entry);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
        {
            await Task.Delay(GatherTime, _time, stoppingToken);
            while (Gather().Count > 0)
                await ShipAsync(stoppingToken);
        }
    }

    /// <summary>Requests are over by now: what they left is given once. Here, because a service that is stopped early never executes.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var limit = new CancellationTokenSource(Farewell, _time);
        while ((_batch.Count > 0 || Gather().Count > 0) && !limit.IsCancellationRequested)
            await ShipAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private List<AccessLogEntry> Gather()
    {
        while (_batch.Count < BatchSize && _waiting.Reader.TryRead(out var entry))
            _batch.Add(entry);
        return _batch;
    }

    private async Task ShipAsync(CancellationToken cancellationToken)
    {
        LogMessage[] messages = [.. _batch.Select(entry => EventCodec.Encode(new(Topics.AccessLog, EventCodec.Create(
            EventTypes.RequestAnswered, entry.Id.ToString(), entry, EventJson.Default.AccessLogEntry, entry.At))))];
        for (var told = false; ; told = true)
        {
            try
            {
                await _log.AppendAsync(messages, cancellationToken);
                _batch.Clear();
                return;
            }
            catch (DependencyUnavailableException e)
            {
                if (!told)
                    LogWaiting(e);
                await Task.Delay(e.RetryAfter, _time, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                LogRefused(e, messages.Length);
                Dropped.Add(messages.Length);
                _batch.Clear();
                return;
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The access log waits for the event log")]
    private partial void LogWaiting(Exception e);

    [LoggerMessage(LogLevel.Error, "The event log refuses {Count} entries of the access log; they are dropped")]
    private partial void LogRefused(Exception e, int count);
}
