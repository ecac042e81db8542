using System.Globalization;
using System.Diagnostics.Metrics;
using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Relaying;
using FeedBox.Pipeline.Tests.Consuming;
using FeedBox.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Tests.Relaying;

public sealed class OutboxRelayTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ManualTime _time = new();
    private readonly OutboxSignal _signal = new();
    private readonly MemoryEventLog _log = new();
    private readonly MemoryOutbox _outbox;
    private Task _running = Task.CompletedTask;

    public OutboxRelayTests() => _outbox = new(_signal);

    [Fact]
    public async Task A_signalled_row_is_published_at_once_and_an_unsignalled_one_with_the_next_poll()
    {
        Start();
        _outbox.Add(Log.Message("a", 1));
        await Eventually.TrueAsync(() => _outbox.Count == 0, "published without the clock moving");

        var silent = new MemoryOutbox();
        var log = new MemoryEventLog();
        silent.Add(Log.Message("a", 1));
        Start(silent, log);
        await Eventually.TrueAsync(() => silent.Count == 0, "left behind by an earlier process");
        silent.Add(Log.Message("a", 2));
        _time.Advance(TimeSpan.FromMilliseconds(9_900));
        await Task.Delay(30);
        Assert.Equal(1, silent.Count);
        await Eventually.TrueAsync(() => silent.Count == 0, _time, TimeSpan.FromMilliseconds(100), "published by the poll");
        Assert.Equal(2, log.Records("topic").Count);
    }

    [Fact, Trait("Weakness", "H1")]
    public async Task H1_a_row_is_removed_only_after_the_acknowledgement()
    {
        var acknowledged = new TaskCompletionSource();
        var appending = false;
        _log.OnAppend = (_, _) =>
        {
            appending = true;
            return acknowledged.Task;
        };
        Start();
        _outbox.Add(Log.Message("a", 1));
        await Eventually.TrueAsync(() => appending, "appending");
        await Task.Delay(30);
        Assert.Equal(1, _outbox.Count);

        _log.OnAppend = null;
        acknowledged.SetException(new DependencyUnavailableException("event log", TimeSpan.FromSeconds(1)));
        await Task.Delay(50);
        Assert.Equal(1, _outbox.Count);
        Assert.Empty(_log.Records("topic"));
        await Eventually.TrueAsync(() => _outbox.Count == 0, _time, TimeSpan.FromMilliseconds(100), "sent again");
        Assert.Single(_log.Records("topic"));
    }

    [Fact, Trait("Weakness", "H3")]
    public async Task H3_a_burst_of_1000_posts_waits_for_no_poll()
    {
        _outbox.Add([.. Enumerable.Range(0, 1_000).Select(i => Log.Message($"key-{i}", i))]);
        Start();
        await Eventually.TrueAsync(() => _outbox.Count == 0, "all published while the clock stands still: no poll, no pause");
        Assert.Equal(1_000, _log.Records("topic").Count);
    }

    [Fact, Trait("Weakness", "H49")]
    public async Task H49_rows_of_a_key_keep_their_order_over_failures_and_full_batches()
    {
        var random = new Random(17);
        _log.OnAppend = (_, _) => random.NextDouble() < 0.4 ? throw new IOException() : Task.CompletedTask;
        Start(batchSize: 7);
        for (var i = 0; i < 300; i++)
        {
            _outbox.Add(Log.Message($"key-{i % 5}", i));
            if (i % 20 == 0)
                await Task.Yield();
        }
        await Eventually.TrueAsync(() => _outbox.Count == 0, _time, TimeSpan.FromMilliseconds(200), "all published");
        Assert.Equal(300, _log.Records("topic").Count);
        foreach (var records in _log.Records("topic").GroupBy(record => record.Key))
        {
            var numbers = records.Select(record => int.Parse(EventCodec.Decode(record).Data.Span, CultureInfo.InvariantCulture)).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    [Fact, Trait("Weakness", "H40")]
    public async Task H40_each_event_is_sent_once_even_when_its_row_cannot_be_removed_at_first()
    {
        var failures = 3;
        _outbox.OnRemove = _ =>
        {
            if (Interlocked.Decrement(ref failures) >= 0)
                throw new DependencyUnavailableException("outbox", TimeSpan.FromSeconds(1));
        };
        Start();
        _outbox.Add(Log.Message("a", 1), Log.Message("a", 2));
        await Eventually.TrueAsync(() => _outbox.Count == 0, _time, TimeSpan.FromMilliseconds(200), "removed");
        for (var i = 0; i < 5; i++)
            _time.Advance(TimeSpan.FromSeconds(10));
        await Task.Delay(50);
        Assert.Equal([1, 2], _log.Records("topic").Select(record => int.Parse(EventCodec.Decode(record).Data.Span, CultureInfo.InvariantCulture)));
    }

    [Fact, Trait("Weakness", "H40")]
    public async Task H40_a_stop_brings_a_batch_under_way_to_its_end()
    {
        var appending = new TaskCompletionSource();
        var acknowledge = new TaskCompletionSource();
        _log.OnAppend = (_, token) =>
        {
            appending.TrySetResult();
            return acknowledge.Task.WaitAsync(token);
        };
        Start();
        _outbox.Add(Log.Message("a", 1));
        await appending.Task;
        await _stop.CancelAsync();
        acknowledge.SetResult();
        await _running.WaitAsync(Eventually.Patience);
        Assert.Equal((0, 1), (_outbox.Count, _log.Records("topic").Count));
    }

    [Fact, Trait("Weakness", "H47")]
    public async Task H47_a_backlog_costs_few_calls_when_the_log_is_back_and_spreads_over_the_partitions()
    {
        var appends = 0;
        _log.OnAppend = (_, _) =>
        {
            Interlocked.Increment(ref appends);
            return Task.CompletedTask;
        };
        _log.IsDown = true;
        Start();
        _outbox.Add([.. Enumerable.Range(0, 4_000).Select(i => Log.Message($"key-{i}", i))]);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(4_000, _outbox.Count);

        _log.IsDown = false;
        await Eventually.TrueAsync(() => _outbox.Count == 0, _time, TimeSpan.FromSeconds(1), "all published");
        Assert.InRange(appends, 4, 20);
        Assert.Equal(12, _log.Records("topic").Select(record => record.Partition).Distinct().Count());
    }

    [Fact]
    public async Task A_failing_shard_is_tried_again_after_at_most_5_s_and_holds_up_no_other()
    {
        var times = new List<DateTimeOffset>();
        _log.OnAppend = (messages, _) =>
        {
            if (messages[0].Key != "a")
                return Task.CompletedTask;
            lock (times)
                times.Add(_time.GetUtcNow());
            throw new IOException();
        };
        Start();
        var other = Enumerable.Range(0, 100).Select(i => $"key-{i}").First(key => OutboxShards.Of(key) != OutboxShards.Of("a"));
        _outbox.Add(Log.Message("a", 1));
        _outbox.Add(Log.Message(other, 2));
        await Eventually.TrueAsync(() => _outbox.Count == 1, "the other shard goes on");
        const int allWait = 5; // four shards and the depth
        await Eventually.TrueAsync(() =>
        {
            if (_time.PendingTimers == allWait)
                _time.Advance(TimeSpan.FromMilliseconds(100));
            return times.Count > 10;
        }, "tried again and again", TimeSpan.FromSeconds(30));
        var pauses = times.Zip(times.Skip(1), (before, after) => after - before).ToList();
        Assert.InRange(pauses[0], TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(400));
        Assert.InRange(pauses[^1], TimeSpan.FromSeconds(4.9), TimeSpan.FromSeconds(6));
    }

    [Fact]
    public async Task The_depth_of_the_outbox_and_what_was_published_are_shown_as_metrics()
    {
        long published = 0, depth = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name is "feedbox.outbox.depth" or "feedbox.relay.published")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            if (instrument.Name == "feedbox.relay.published")
                Interlocked.Add(ref published, value);
            else
                depth = Math.Max(depth, value);
        });
        listener.Start();
        _log.IsDown = true;
        _outbox.Add([.. Enumerable.Range(0, 777).Select(i => Log.Message("a", i))]);
        Start();
        await Eventually.TrueAsync(() =>
        {
            listener.RecordObservableInstruments();
            return depth >= 777;
        }, _time, TimeSpan.FromMilliseconds(100), "depth shown");
        _log.IsDown = false;
        await Eventually.TrueAsync(() => _outbox.Count == 0, _time, TimeSpan.FromMilliseconds(100), "published");
        Assert.True(Interlocked.Read(ref published) >= 777);
    }

    [Fact, Trait("Weakness", "H48")]
    public async Task H48_a_shard_of_another_relay_is_left_alone_until_it_is_ours()
    {
        var ownership = new Ownership();
        _outbox.Add([.. Enumerable.Range(0, 100).Select(i => Log.Message($"key {i}", i))]);
        var ours = Enumerable.Range(0, 100).Count(i => OutboxShards.Of($"key {i}") < 2);
        Start(ownership: ownership);

        await Eventually.TrueAsync(() => _outbox.Count == 100 - ours, _time, TimeSpan.FromMilliseconds(100), "our shards are published");
        for (var i = 0; i < 50; i++)
            _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(100 - ours, _outbox.Count);

        ownership.Shards = OutboxShards.Count;
        await Eventually.TrueAsync(() => _outbox.Count == 0, _time, TimeSpan.FromMilliseconds(100), "the others are published");
    }

    private sealed class Ownership : IShardOwnership
    {
        public volatile int Shards = 2;
        public Task RunAsync(CancellationToken stopping) => Task.CompletedTask;
        public bool Owns(int shard) => shard < Shards;
    }

    private void Start(MemoryOutbox? outbox = null, MemoryEventLog? log = null, int batchSize = 500, IShardOwnership? ownership = null)
    {
        var relay = new OutboxRelay(
            outbox ?? _outbox, log ?? _log, _signal, Options.Create(new RelayOptions { BatchSize = batchSize }), _time, NullLogger<OutboxRelay>.Instance, ownership);
        _running = Task.WhenAll(_running, relay.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(Eventually.Patience);
    }
}
