using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.Consuming;

public sealed class ConsumerTelemetryTests
{
    private readonly MemoryEventLog _log = new(partitions: 1);

    [Fact]
    public async Task Each_handled_event_is_an_activity_of_the_trace_that_caused_it()
    {
        var activities = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("messaging.consumer.group.name"), "traced"))
                    activities.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var current = new ConcurrentQueue<string?>();
        var handler = new Handler((_, number, _) =>
        {
            current.Enqueue(Activity.Current?.Id);
            return number == 2 ? throw new PermanentFailureException("no") : Task.CompletedTask;
        }, "traced");
        await using var running = new Running(_log, handler);
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await _log.AppendAsync([Traced("a", 1, trace), Log.Message("a", 2)], default);
        await Eventually.TrueAsync(() => activities.Count == 2, "both seen");

        var (first, second) = (activities.First(), activities.Last());
        Assert.Equal((ActivityKind.Consumer, trace), (first.Kind, first.ParentId));
        Assert.Equal("topic", first.GetTagItem("messaging.destination.name"));
        Assert.Equal("test", first.GetTagItem("feedbox.event.type"));
        Assert.Equal((null, ActivityStatusCode.Error), (second.ParentId, second.Status));
        Assert.Equal([first.Id, second.Id], current);
    }

    [Fact]
    public async Task An_entry_of_the_access_log_is_none()
    {
        var activities = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => activities += Equals(activity.GetTagItem("messaging.consumer.group.name"), ConsumerGroups.AccessLog) ? 1 : 0,
        };
        ActivitySource.AddActivityListener(listener);
        var handler = new Handler((_, _, _) => Task.CompletedTask, ConsumerGroups.AccessLog);
        await using var running = new Running(_log, handler);
        await _log.AppendAsync([Log.Message("a", 1)], default);
        await Eventually.TrueAsync(() => running.Runtime.Status.Handled == 1, "handled");
        Assert.Equal(0, activities);
    }

    [Fact]
    public async Task The_numbers_of_a_group_are_shown_as_metrics_and_as_its_status()
    {
        var seen = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name.StartsWith("feedbox.consumer."))
                self.EnableMeasurementEvents(instrument);
        };
        void See(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Contains(new("group", "measured")))
                seen[instrument.Name] = value;
        }
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => See(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => See(instrument, value, tags));
        listener.Start();

        var hangs = new TaskCompletionSource();
        var handler = new Handler((_, number, _) => number switch
        {
            1 => Task.CompletedTask,
            2 => throw new PermanentFailureException("no"),
            3 => throw new IOException(),
            4 => throw new DependencyUnavailableException("user team", TimeSpan.FromMinutes(1)),
            _ => hangs.Task,
        }, "measured");
        await _log.EnsureTopicsAsync(["topic"], default); // the lag is measured once at the start
        await using var running = new Running(_log, handler, new ManualTime());
        await _log.AppendAsync([.. new[] { 1, 2, 3, 5 }.Select(number => Log.Message($"key-{number}", number))], default);
        await Eventually.TrueAsync(() => running.Runtime.Status is { Handled: 2, Retrying: 1, InFlight: 1 }, "under way");
        await _log.AppendAsync("key-4", 4);
        await Eventually.TrueAsync(() => running.Runtime.Status.PausedUntil is not null, "paused");

        listener.RecordObservableInstruments();
        Assert.Equal(2, seen["feedbox.consumer.handled"]);
        Assert.Equal(1, seen["feedbox.consumer.retries"]);
        Assert.Equal(1, seen["feedbox.consumer.dead_letters"]);
        Assert.Equal(1, seen["feedbox.consumer.paused"]);
        Assert.Equal(1, seen["feedbox.consumer.in_flight"]);
        Assert.True(seen.ContainsKey("feedbox.consumer.duration"));
        Assert.True(seen.ContainsKey("feedbox.consumer.lag"));
        hangs.SetResult();
    }

    [Fact]
    public async Task The_lag_is_measured_every_5_s()
    {
        var time = new ManualTime();
        var hangs = new TaskCompletionSource();
        await using var running = new Running(_log, new Handler((_, _, _) => hangs.Task), time);
        await _log.AppendAsync("a", 1, 2, 3);
        await Eventually.TrueAsync(() => running.Runtime.Status.Lag.GetValueOrDefault("topic") == 3, time, TimeSpan.FromSeconds(1), "measured");
        hangs.SetResult();
        await Eventually.TrueAsync(() => running.Runtime.Status.Lag.GetValueOrDefault("topic") == 0, time, TimeSpan.FromSeconds(1), "measured again");
    }

    private static LogMessage Traced(string key, int number, string trace)
    {
        var now = DateTimeOffset.UtcNow;
        return EventCodec.Encode(new("topic", new(
            Guid.CreateVersion7(now), "test", 1, key, now, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(number), trace)));
    }
}
