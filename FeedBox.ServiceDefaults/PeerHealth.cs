using FeedBox.Core.Resilience;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;

namespace FeedBox.ServiceDefaults;

/// <summary><c>FeedBox:PeerHealth</c></summary>
public sealed class PeerHealthOptions
{
    public const string Section = "FeedBox:PeerHealth";

    public bool Enabled { get; set; } = true;

    /// <summary>Who is asked: a name, and an address that answers 2xx while all is well.</summary>
    public Dictionary<string, Uri> Peers { get; set; } = [];

    public TimeSpan StartAfter { get; set; } = TimeSpan.FromSeconds(10);
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A later answer is none.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a peer that does not answer is left alone.</summary>
    public TimeSpan BreakerOpen { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Asks the processes this one works with how they are, tells operators, and logs when it changes. Nothing else follows: calls have breakers of
/// their own, which the probes do not touch, and a process with an ill peer is well itself.
/// </summary>
public sealed partial class PeerHealth : BackgroundService, IBreakerStates
{
    public const string ClientName = "peer-health";
    private const string Dependency = "peer";
    private const int MinimumProbes = 3;

    private readonly IHttpClientFactory _clients;
    private readonly PeerHealthOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<Peer> _peers;

    public PeerHealth(IHttpClientFactory clients, IOptions<PeerHealthOptions> options, TimeProvider time, ILogger<PeerHealth> logger)
    {
        (_clients, _options, _time, _logger) = (clients, options.Value, time, logger);
        _peers = _options.Enabled ? [.. _options.Peers.Select(Watch)] : [];
    }

    private sealed record Peer(string Name, Uri Address, ResiliencePipeline Probe, CircuitBreakerStateProvider Breaker);

    public IReadOnlyList<BreakerState> Read() =>
        [.. _peers.Select(peer => new BreakerState(Dependency, peer.Name, peer.Breaker.CircuitState switch
        {
            CircuitState.Closed => "closed",
            CircuitState.HalfOpen => "half-open",
            _ => "open",
        }))];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_peers.Count == 0)
            return;
        await Task.Delay(_options.StartAfter, _time, stoppingToken);
        using var timer = new PeriodicTimer(_options.Interval, _time);
        do
            await Task.WhenAll(_peers.Select(peer => ProbeAsync(peer, stoppingToken)));
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ProbeAsync(Peer peer, CancellationToken stopping)
    {
        try
        {
            await peer.Probe.ExecuteAsync(async token =>
            {
                using var answer = await _clients.CreateClient(ClientName).GetAsync(peer.Address, token);
                answer.EnsureSuccessStatusCode();
            }, stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            LogProbe(e, peer.Name); // the breaker counts and tells
        }
    }

    private Peer Watch(KeyValuePair<string, Uri> peer)
    {
        var breaker = new CircuitBreakerStateProvider();
        var probe = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddCircuitBreaker(new()
            {
                FailureRatio = 0.5,
                MinimumThroughput = MinimumProbes,
                SamplingDuration = _options.Interval * (2 * MinimumProbes),
                BreakDuration = _options.BreakerOpen,
                StateProvider = breaker,
                OnOpened = opened =>
                {
                    LogIll(opened.Outcome.Exception, peer.Key, peer.Value);
                    return default;
                },
                OnClosed = _ =>
                {
                    LogWell(peer.Key);
                    return default;
                },
            })
            .AddTimeout(_options.Timeout)
            .Build();
        return new(peer.Key, peer.Value, probe, breaker);
    }

    [LoggerMessage(LogLevel.Debug, "Peer {Peer} does not answer this probe")]
    private partial void LogProbe(Exception e, string peer);

    [LoggerMessage(LogLevel.Warning, "Peer {Peer} at {Address} is not well")]
    private partial void LogIll(Exception? e, string peer, Uri address);

    [LoggerMessage(LogLevel.Information, "Peer {Peer} is well again")]
    private partial void LogWell(string peer);
}
