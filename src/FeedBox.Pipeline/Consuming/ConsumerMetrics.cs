using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FeedBox.Core;

namespace FeedBox.Pipeline.Consuming;

/// <summary>What the running consumers show. All but the duration are read on collection and cost nothing per record.</summary>
internal static class ConsumerMetrics
{
    public static readonly Histogram<double> Duration =
        Telemetry.Meter.CreateHistogram("feedbox.consumer.duration", "s", "Time of one handler call", advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30], // else all of them lie below 5 s
        });

    private static readonly ConcurrentDictionary<ConsumerRuntime, byte> Running = new();

    static ConsumerMetrics()
    {
        var meter = Telemetry.Meter;
        meter.CreateObservableCounter("feedbox.consumer.handled", () => Each(status => status.Handled), "{record}");
        meter.CreateObservableCounter("feedbox.consumer.retries", () => Each(status => status.Retries), "{retry}");
        meter.CreateObservableCounter("feedbox.consumer.dead_letters", () => Each(status => status.DeadLetters), "{record}");
        meter.CreateObservableGauge("feedbox.consumer.paused", () => Each(status => status.PausedUntil is null ? 0 : 1));
        meter.CreateObservableGauge("feedbox.consumer.in_flight", () => Each(status => status.InFlight), "{handler}");
        meter.CreateObservableGauge("feedbox.consumer.lag", Lag, "{record}");
    }

    /// <summary>Shows the runtime until disposed.</summary>
    public static IDisposable Show(ConsumerRuntime runtime) => new Shown(runtime);

    private static IEnumerable<Measurement<long>> Each(Func<ConsumerStatus, long> value) =>
        Running.Keys.Select(runtime => runtime.Status).Select(status => new Measurement<long>(value(status), new KeyValuePair<string, object?>("group", status.Group)));

    private static IEnumerable<Measurement<long>> Lag() =>
        from runtime in Running.Keys
        let status = runtime.Status
        from topic in status.Lag
        select new Measurement<long>(
            topic.Value, new KeyValuePair<string, object?>("group", status.Group), new KeyValuePair<string, object?>("topic", topic.Key));

    private sealed class Shown : IDisposable
    {
        private readonly ConsumerRuntime _runtime;

        public Shown(ConsumerRuntime runtime)
        {
            _runtime = runtime;
            Running.TryAdd(runtime, 0);
        }

        public void Dispose() => Running.TryRemove(_runtime, out _);
    }
}
