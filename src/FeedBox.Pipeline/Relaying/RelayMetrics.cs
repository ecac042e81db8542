using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FeedBox.Core;

namespace FeedBox.Pipeline.Relaying;

internal static class RelayMetrics
{
    public static readonly Counter<long> Published = Telemetry.Meter.CreateCounter<long>("feedbox.relay.published", "{event}");
    public static readonly Counter<long> Failures = Telemetry.Meter.CreateCounter<long>("feedbox.relay.failures", "{failure}");

    private static readonly ConcurrentDictionary<OutboxRelay, byte> Running = new();

    static RelayMetrics() =>
        Telemetry.Meter.CreateObservableGauge("feedbox.outbox.depth", () => Running.Keys.Select(relay => new Measurement<long>(relay.Depth)), "{event}");

    /// <summary>Shows the relay until disposed.</summary>
    public static IDisposable Show(OutboxRelay relay) => new Shown(relay);

    private sealed class Shown : IDisposable
    {
        private readonly OutboxRelay _relay;

        public Shown(OutboxRelay relay)
        {
            _relay = relay;
            Running.TryAdd(relay, 0);
        }

        public void Dispose() => Running.TryRemove(_relay, out _);
    }
}
