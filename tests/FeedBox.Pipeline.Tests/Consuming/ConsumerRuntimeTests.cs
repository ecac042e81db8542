using System.Collections.Concurrent;
using System.Text;
using FeedBox.Core;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.Consuming;

public sealed class ConsumerRuntimeTests
{
    private static readonly TopicPartition Only = new("topic", 0);

    private readonly ManualTime _time = new();
    private readonly MemoryEventLog _log = new(partitions: 1);

    [Fact]
    public async Task Handles_every_record_and_commits_every_200_ms_what_is_finished()
    {
        var handler = new Handler();
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2, 3);
        await Eventually.TrueAsync(() => handler.Handled.Count == 3, "all handled");

        var polls = _log.Polls;
        await Eventually.TrueAsync(() => _log.Polls > polls + 3, "polled on");
        Assert.Equal(0, _log.Committed("group", Only));

        _time.Advance(TimeSpan.FromMilliseconds(200));
        await Eventually.TrueAsync(() => _log.Committed("group", Only) == 3, "committed");
    }

    [Fact]
    public async Task The_commit_mark_stays_at_the_lowest_unfinished_offset()
    {
        var gate = new TaskCompletionSource();
        var handler = new Handler((_, number, _) => number == 2 ? gate.Task : Task.CompletedTask);
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1);
        await _log.AppendAsync("b", 2);
        await _log.AppendAsync("c", 3, 4);
        await Eventually.TrueAsync(() => handler.Handled.Count == 3, "the others handled");
        await Eventually.TrueAsync(() => _log.Committed("group", Only) > 0, _time, TimeSpan.FromMilliseconds(200), "committed");
        Assert.Equal(1, _log.Committed("group", Only));

        gate.SetResult();
        await Eventually.TrueAsync(() => _log.Committed("group", Only) == 4, _time, TimeSpan.FromMilliseconds(200), "committed all");
    }

    [Fact, Trait("Weakness", "H50")]
    public async Task H50_a_transient_failure_is_retried_5_times_2_s_apart_and_then_dead_lettered_with_its_cause()
    {
        var tries = new ConcurrentQueue<DateTimeOffset>();
        var handler = new Handler((_, number, _) =>
        {
            if (number != 1)
                return Task.CompletedTask;
            tries.Enqueue(_time.GetUtcNow());
            throw new IOException($"try {tries.Count}");
        });
        await using var running = new Running(_log, handler, _time);
        var start = _time.GetUtcNow();
        await _log.AppendAsync([Log.Message("a", 1, headers: ("x-custom", "kept")), Log.Message("a", 2)], default);

        for (var retries = 0; retries <= 5; retries++)
        {
            await Eventually.TrueAsync(() => tries.Count == retries + 1 && (retries == 5 || running.Runtime.Status.Retrying == 1), $"try {retries + 1}");
            if (retries < 5)
            {
                Assert.Empty(handler.Handled);
                _time.Advance(TimeSpan.FromMilliseconds(1_999));
                Assert.Equal(1, running.Runtime.Status.Retrying);
                _time.Advance(TimeSpan.FromMilliseconds(1));
            }
        }

        await Eventually.TrueAsync(() => handler.Handled.Contains(("a", 2)), "the key moves on");
        Assert.Equal(Enumerable.Range(0, 6).Select(i => start.AddSeconds(2 * i)), tries);
        var original = Assert.Single(_log.Records("topic"), record => record.Offset == 0);
        var dead = Assert.Single(_log.Records("topic.dlt"));
        Assert.Equal(original.Value.ToArray(), dead.Value.ToArray());
        Assert.Equal("a", dead.Key);
        Assert.Equal("kept", dead.Header("x-custom"));
        Assert.Equal("topic", dead.Header(DeadLetterHeaders.Topic));
        Assert.Equal("0", dead.Header(DeadLetterHeaders.Partition));
        Assert.Equal("0", dead.Header(DeadLetterHeaders.Offset));
        Assert.Equal("group", dead.Header(DeadLetterHeaders.Group));
        Assert.Equal("6", dead.Header(DeadLetterHeaders.Attempts));
        Assert.Equal("System.IO.IOException", dead.Header(DeadLetterHeaders.ExceptionType));
        Assert.Equal("try 6", dead.Header(DeadLetterHeaders.Message));
        Assert.Equal(start, DateTimeOffset.Parse(dead.Header(DeadLetterHeaders.FirstFailureAt)!));
        Assert.Equal(start.AddSeconds(10), DateTimeOffset.Parse(dead.Header(DeadLetterHeaders.LastFailureAt)!));
    }

    [Fact]
    public async Task A_failure_delays_only_its_own_key_which_keeps_its_order()
    {
        var failing = true;
        var handler = new Handler((_, number, _) => number == 1 && failing ? throw new IOException() : Task.CompletedTask);
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2);
        await _log.AppendAsync("b", 3, 4);
        await Eventually.TrueAsync(() => handler.Handled.Count == 2 && running.Runtime.Status.Retrying == 1, "the other key goes on");
        Assert.Equal([("b", 3), ("b", 4)], handler.Handled);

        failing = false;
        _time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(() => handler.Handled.Count == 4, "all handled");
        Assert.Equal([("a", 1), ("a", 2)], handler.Handled.Where(handled => handled.Key == "a"));
        Assert.Empty(_log.Records("topic.dlt"));
    }

    [Fact, Trait("Weakness", "H10"), Trait("Weakness", "H50")]
    public async Task H10_H50_permanent_failures_and_unreadable_records_go_to_the_dead_letters_at_once()
    {
        var handler = new Handler((e, number, _) => number == 1
            ? throw new PermanentFailureException("broken invariant")
            : Task.FromResult(EventCodec.ReadData(e, EventJson.Default.PostChanged)));
        await using var running = new Running(_log, handler, _time);
        var envelope = Log.Message("d", 4);
        await _log.AppendAsync(
        [
            Log.Message("a", 1),
            Log.Message("b", 2, schema: 99),
            new("topic", "c", Encoding.UTF8.GetBytes("not json"), []),
            new("topic", null, ReadOnlyMemory<byte>.Empty, []),
        ], default);

        await Eventually.TrueAsync(() => _log.Records("topic.dlt").Count == 4, "dead-lettered without the clock moving");
        Assert.Equal(0, running.Runtime.Status.Retries);
        Assert.Equal(4, running.Runtime.Status.DeadLetters);
        Assert.All(_log.Records("topic.dlt"), dead => Assert.Equal("1", dead.Header(DeadLetterHeaders.Attempts)));
        Assert.Null(Assert.Single(_log.Records("topic.dlt"), dead => dead.Header(DeadLetterHeaders.Offset) == "3").Key);
    }

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_the_offset_moves_only_after_the_dead_letter_is_durable()
    {
        var appendable = false;
        var tries = 0;
        _log.OnAppend = (messages, _) =>
        {
            if (messages[0].Topic != "topic.dlt" || appendable)
                return Task.CompletedTask;
            Interlocked.Increment(ref tries);
            throw new DependencyUnavailableException("event log", TimeSpan.FromSeconds(1));
        };
        var handler = new Handler((_, number, _) => number == 1 ? throw new PermanentFailureException("no") : Task.CompletedTask);
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2);
        await _log.AppendAsync("b", 3);

        await Eventually.TrueAsync(() => tries >= 20, _time, TimeSpan.FromSeconds(5), "tried again and again");
        Assert.Equal([("b", 3)], handler.Handled);
        Assert.Equal(0, _log.Committed("group", Only));

        appendable = true;
        await Eventually.TrueAsync(() => _log.Committed("group", Only) == 3, _time, TimeSpan.FromSeconds(1), "moved on");
        Assert.Single(_log.Records("topic.dlt"));
    }

    [Fact, Trait("Weakness", "H11")]
    public async Task H11_an_unavailable_dependency_pauses_the_group_and_dead_letters_nothing()
    {
        var down = true;
        var calls = 0;
        var slow = new TaskCompletionSource();
        var handler = new Handler(async (_, number, _) =>
        {
            Interlocked.Increment(ref calls);
            if (number == 0)
                await slow.Task;
            else if (down)
                throw new DependencyUnavailableException("user team", TimeSpan.FromSeconds(5));
        });
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("slow", 0);
        await Eventually.TrueAsync(() => calls == 1, "the slow one runs");
        await _log.AppendAsync("a", 1);
        await Eventually.TrueAsync(() => running.Runtime.Status is { PausedBy: "user team", InFlight: 1 }, "paused");
        Assert.Equal(_time.GetUtcNow().AddSeconds(5), running.Runtime.Status.PausedUntil);

        // While paused nothing starts, what runs may finish, and polling goes on.
        await _log.AppendAsync("b", 2);
        slow.SetResult();
        await Eventually.TrueAsync(() => handler.Handled.Contains(("slow", 0)), "the running one finishes");
        var polls = _log.Polls;
        await Eventually.TrueAsync(() => _log.Polls > polls + 3, "polled on");
        _time.Advance(TimeSpan.FromMilliseconds(4_999));
        Assert.Equal(2, calls);

        // Far more outages than there are retries.
        for (var round = 0; round < 20; round++)
        {
            var before = calls;
            await Eventually.TrueAsync(() => calls > before, _time, TimeSpan.FromSeconds(1), "tried again");
            await Eventually.TrueAsync(() => running.Runtime.Status.PausedUntil is not null, "paused again");
        }
        Assert.Equal(0, running.Runtime.Status.Retries);
        down = false;
        await Eventually.TrueAsync(() => handler.Handled.Count == 3, _time, TimeSpan.FromSeconds(1), "handled after recovery");
        Assert.Empty(_log.Records("topic.dlt"));
        Assert.Null(running.Runtime.Status.PausedUntil);
    }

    [Fact, Trait("Weakness", "H11")]
    public async Task H11_of_many_ready_keys_hardly_any_starts_once_the_dependency_is_known_to_be_unavailable()
    {
        var calls = 0;
        var handler = new Handler((_, _, _) =>
        {
            Interlocked.Increment(ref calls);
            throw new DependencyUnavailableException("user team", TimeSpan.FromSeconds(5));
        });
        await _log.AppendAsync([.. Enumerable.Range(0, 400).Select(i => Log.Message($"key-{i}", i))], default);
        await using var running = new Running(_log, handler, _time);
        await Eventually.TrueAsync(() => running.Runtime.Status is { PausedUntil: not null, InFlight: 0 }, "paused");
        Assert.InRange(calls, 1, Math.Max(4, Environment.ProcessorCount));
    }

    [Fact, Trait("Weakness", "H14")]
    public async Task H14_a_hanging_handler_stops_neither_polling_nor_other_keys()
    {
        var hangs = new TaskCompletionSource();
        var handler = new Handler((_, number, token) => number == 1 ? hangs.Task : Task.CompletedTask);
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1);
        for (var i = 0; i < 50; i++)
        {
            var polls = _log.Polls;
            await _log.AppendAsync("b", i + 2);
            _time.Advance(TimeSpan.FromSeconds(10));
            await Eventually.TrueAsync(() => _log.Polls > polls, "polled, so the group keeps its member");
        }
        await Eventually.TrueAsync(() => handler.Handled.Count == 50, "the other key goes on");
        hangs.SetResult();
    }

    [Fact]
    public async Task At_most_the_configured_number_of_handlers_runs_and_a_waiting_key_holds_no_slot()
    {
        var running = 0;
        var most = 0;
        var release = new TaskCompletionSource();
        var handler = new Handler(async (_, number, _) =>
        {
            if (number < 10)
                throw new IOException();
            most = Math.Max(most, Interlocked.Increment(ref running));
            await release.Task;
            Interlocked.Decrement(ref running);
        });
        await using var runtime = new Running(_log, handler, _time, new() { MaxConcurrency = 8 });
        await _log.AppendAsync([.. Enumerable.Range(0, 40).Select(i => Log.Message($"key-{i}", i))], default);
        await Eventually.TrueAsync(() => running == 8 && runtime.Runtime.Status.Retrying == 10, "8 run while 10 wait");
        Assert.Equal(8, runtime.Runtime.Status.InFlight);
        release.SetResult();
        await Eventually.TrueAsync(() => handler.Handled.Count == 30, "all the others are handled");
        Assert.Equal(8, most);
    }

    [Fact]
    public async Task A_partition_whose_oldest_record_hangs_is_paused_at_the_window_and_resumed_below_half()
    {
        var gate = new TaskCompletionSource();
        var handler = new Handler((_, number, _) => number == 0 ? gate.Task : Task.CompletedTask);
        await using var running = new Running(_log, handler, _time, new() { Window = 100, PollSize = 10 });
        await _log.AppendAsync([.. Enumerable.Range(0, 500).Select(i => Log.Message($"key-{i}", i))], default);

        await Eventually.TrueAsync(() => handler.Handled.Count == 99, "the window is full");
        var polls = _log.Polls;
        await Eventually.TrueAsync(() => _log.Polls > polls + 5, "polled on");
        Assert.Equal(99, handler.Handled.Count);

        gate.SetResult();
        await Eventually.TrueAsync(() => handler.Handled.Count == 500, "all handled");
    }

    [Fact]
    public async Task A_long_pause_over_a_large_backlog_fetches_next_to_nothing()
    {
        var calls = 0;
        var handler = new Handler((_, _, _) => Interlocked.Increment(ref calls) > 0
            ? throw new DependencyUnavailableException("user team", TimeSpan.FromMinutes(10))
            : Task.CompletedTask);
        await using var running = new Running(_log, handler, _time, new() { PollSize = 100 });
        var fetched = 0;
        _log.OnFetched = count => Interlocked.Add(ref fetched, count);
        await _log.AppendAsync([.. Enumerable.Range(0, 5_000).Select(i => Log.Message($"key-{i}", i))], default);
        await Eventually.TrueAsync(() => running.Runtime.Status.PausedUntil is not null && fetched >= 200, "paused");
        for (var i = 0; i < 20; i++)
        {
            var polls = _log.Polls;
            await Eventually.TrueAsync(() => _log.Polls > polls, _time, TimeSpan.FromMilliseconds(100), "polled on");
        }
        Assert.InRange(fetched, 200, 500);
    }

    [Fact]
    public async Task A_replay_for_another_group_is_skipped_and_one_for_this_group_is_handled()
    {
        var handler = new Handler();
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync(
        [
            Log.Message("a", 1, headers: (DeadLetterHeaders.ReplayGroup, "other")),
            Log.Message("a", 2, headers: (DeadLetterHeaders.ReplayGroup, "group")),
        ], default);
        await Eventually.TrueAsync(() => _log.Committed("group", Only) == 2, _time, TimeSpan.FromSeconds(1), "both finished");
        Assert.Equal([("a", 2)], handler.Handled);
    }

    [Fact]
    public async Task Shutdown_starts_nothing_lets_the_running_ones_finish_commits_and_leaves()
    {
        var gate = new TaskCompletionSource();
        var started = 0;
        var handler = new Handler((_, _, _) =>
        {
            Interlocked.Increment(ref started);
            return gate.Task;
        });
        var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2);
        await Eventually.TrueAsync(() => started == 1, "the first runs");
        var stopped = running.StopAsync();
        await Task.Delay(30);
        Assert.False(stopped.IsCompleted);

        gate.SetResult();
        await stopped.WaitAsync(Eventually.Patience);
        Assert.Equal([("a", 1)], handler.Handled);
        Assert.Equal(1, _log.Committed("group", Only));

        var next = new Handler();
        await using var successor = new Running(_log, next, _time);
        await Eventually.TrueAsync(() => next.Handled.Count == 1, "the successor takes over");
        Assert.Equal([("a", 2)], next.Handled);
    }

    [Fact]
    public async Task Shutdown_finishes_what_is_missing_below_what_was_handled_so_that_nothing_is_repeated()
    {
        var gate = new TaskCompletionSource();
        var handler = new Handler((_, number, _) => number == 1 ? gate.Task : Task.CompletedTask);
        var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2, 3);
        await _log.AppendAsync("b", 4);
        await _log.AppendAsync("a", 5, 6);
        await Eventually.TrueAsync(() => handler.Handled.Count == 1 && running.Runtime.Status.InFlight == 1, "only the last key is handled");
        var stopped = running.StopAsync();
        await Task.Delay(30);
        Assert.False(stopped.IsCompleted);

        gate.SetResult();
        await stopped.WaitAsync(Eventually.Patience);
        Assert.Equal([("b", 4), ("a", 1), ("a", 2), ("a", 3)], handler.Handled);
        Assert.Equal(4, _log.Committed("group", Only));

        var next = new Handler();
        await using var successor = new Running(_log, next, _time);
        await Eventually.TrueAsync(() => next.Handled.Count == 2, "the successor takes over");
        Assert.Equal([("a", 5), ("a", 6)], next.Handled);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Shutdown_waits_for_no_retry_and_no_dependency(bool isUnavailable)
    {
        var gate = new TaskCompletionSource();
        var handler = new Handler(async (_, number, _) =>
        {
            if (number is 1 or 4)
                await gate.Task;
            if (number == 4)
                throw isUnavailable ? new DependencyUnavailableException("dependency", TimeSpan.FromMinutes(1)) : new IOException("transient");
        });
        var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2, 3);
        await _log.AppendAsync("b", 4, 5);
        await _log.AppendAsync("c", 6);
        await Eventually.TrueAsync(() => handler.Handled.Count == 1 && running.Runtime.Status.InFlight == 2, "two hang");
        var stopped = running.StopAsync();
        gate.SetResult();

        await stopped.WaitAsync(Eventually.Patience); // the clock stands still
        Assert.DoesNotContain(("b", 5), handler.Handled);
        Assert.InRange(_log.Committed("group", Only), 1, 3);
    }

    [Fact]
    public async Task Shutdown_with_a_retry_ahead_finishes_only_what_is_below_it()
    {
        var gate = new TaskCompletionSource();
        var handler = new Handler((_, number, _) => number switch { 1 => gate.Task, 3 => throw new IOException("transient"), _ => Task.CompletedTask });
        var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2);
        await _log.AppendAsync("b", 3, 4);
        await _log.AppendAsync("c", 5);
        await Eventually.TrueAsync(() => handler.Handled.Count == 1 && running.Runtime.Status is { InFlight: 1, Retrying: 1 }, "one hangs, one waits");
        var stopped = running.StopAsync();
        gate.SetResult();

        await stopped.WaitAsync(Eventually.Patience);
        Assert.Equal([("c", 5), ("a", 1)], handler.Handled);
        Assert.Equal(1, _log.Committed("group", Only));
    }

    [Fact]
    public async Task Shutdown_cancels_handlers_after_its_time_and_leaves_their_records_to_the_next()
    {
        var cancelled = new TaskCompletionSource();
        var handler = new Handler(async (_, number, token) =>
        {
            if (number != 1)
                return;
            await using var registration = token.Register(cancelled.SetResult);
            await Task.Delay(Timeout.Infinite, token);
        });
        var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1);
        await _log.AppendAsync("b", 2);
        await Eventually.TrueAsync(() => handler.Handled.Count == 1 && running.Runtime.Status.InFlight == 1, "one hangs");
        var stopped = running.StopAsync();
        await Eventually.TrueAsync(() => _time.PendingTimers > 0, "waits");
        _time.Advance(TimeSpan.FromMilliseconds(4_900));
        await Task.Delay(30);
        Assert.False(stopped.IsCompleted);
        await Eventually.TrueAsync(() => stopped.IsCompleted, _time, TimeSpan.FromMilliseconds(100), "stopped");
        Assert.True(cancelled.Task.IsCompleted);
        Assert.Equal(0, _log.Committed("group", Only));
        Assert.Empty(_log.Records("topic.dlt"));
    }

    [Fact]
    public async Task A_revoked_partition_is_finished_and_committed_before_its_next_owner_gets_it()
    {
        var log = new MemoryEventLog(partitions: 2);
        string[] keys = [Key(log, 0), Key(log, 1)];
        var gate = new TaskCompletionSource();
        var first = new Handler((_, number, _) => number == 1 ? gate.Task : Task.CompletedTask);
        await using var one = new Running(log, first, _time);
        foreach (var key in keys)
            await log.AppendAsync(key, 1, 2);
        await Eventually.TrueAsync(() => one.Runtime.Status.InFlight == 2, "both keys run");

        var second = new Handler();
        await using var two = new Running(log, second, _time);
        await Task.Delay(50);
        Assert.Empty(second.Handled);

        gate.SetResult();
        await Eventually.TrueAsync(() => first.Handled.Count + second.Handled.Count == 4, "all handled once");
        var moved = Assert.Single(second.Handled);
        Assert.Equal(2, moved.Number);
        Assert.Contains((moved.Key, 1), first.Handled);
        Assert.DoesNotContain(moved, first.Handled);
    }

    [Fact]
    public async Task A_lost_partition_is_forgotten_without_a_commit_and_its_handlers_are_cancelled()
    {
        var calls = 0;
        var handler = new Handler((_, _, token) =>
            Interlocked.Increment(ref calls) == 1 ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask);
        var commits = new ConcurrentQueue<long>();
        _log.OnCommit = (_, offsets) => offsets.Values.ToList().ForEach(commits.Enqueue);
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1, 2);
        await Eventually.TrueAsync(() => calls == 1, "the first runs");
        _log.ExpelReaders("group");
        await Eventually.TrueAsync(() => handler.Handled.Count == 2, "assigned again and handled from the commit on");
        Assert.Equal([("a", 1), ("a", 2)], handler.Handled);
        Assert.Empty(commits);
    }

    [Fact]
    public async Task Failing_polls_and_commits_are_tried_again_with_growing_pauses()
    {
        var handler = new Handler();
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync("a", 1);
        await Eventually.TrueAsync(() => handler.Handled.Count == 1, "handled");

        _log.IsDown = true;
        var before = _log.Polls;
        for (var i = 0; i < 10; i++)
        {
            var polls = _log.Polls;
            await Eventually.TrueAsync(() => _log.Polls > polls, _time, TimeSpan.FromSeconds(5), "polled again");
        }
        _log.IsDown = false;
        await _log.AppendAsync("a", 2);
        await Eventually.TrueAsync(() => _log.Committed("group", Only) == 2, _time, TimeSpan.FromSeconds(1), "went on");
        Assert.Equal(2, handler.Handled.Count);
    }

    [Fact]
    public async Task Records_without_a_key_run_in_parallel()
    {
        var gate = new TaskCompletionSource();
        var started = 0;
        var handler = new Handler((_, _, _) =>
        {
            Interlocked.Increment(ref started);
            return gate.Task;
        });
        await using var running = new Running(_log, handler, _time);
        await _log.AppendAsync([Log.Message(null, 1), Log.Message(null, 2), Log.Message(null, 3)], default);
        await Eventually.TrueAsync(() => started == 3, "all three run");
        gate.SetResult();
    }

    [Fact]
    public async Task A_partition_with_500_messages_a_second_keeps_up_with_a_handler_that_waits_a_second_on_every_fifth_key()
    {
        var waiting = 0;
        var handler = new Handler((_, number, token) =>
        {
            if (number % 5 != 0)
                return Task.CompletedTask;
            var second = Task.Delay(TimeSpan.FromSeconds(1), _time, token);
            Interlocked.Increment(ref waiting);
            return second;
        });
        await using var running = new Running(_log, handler, _time);
        for (var tick = 0; tick < 20; tick++)
        {
            await _log.AppendAsync([.. Enumerable.Range(tick * 50, 50).Select(i => Log.Message($"key-{i}", i))], default);
            await Eventually.TrueAsync(() => handler.Handled.Count(handled => handled.Number % 5 != 0) == (tick + 1) * 40, "those that need not wait do not");
            await Eventually.TrueAsync(() => waiting == (tick + 1) * 10, "the others wait their second");
            _time.Advance(TimeSpan.FromMilliseconds(100));
        }
        _time.Advance(TimeSpan.FromMilliseconds(900));
        await Eventually.TrueAsync(() => handler.Handled.Count == 1_000, "all handled within a second of the last");
    }

    private static string Key(MemoryEventLog log, int partition) =>
        Enumerable.Range(0, 100).Select(i => $"key-{i}").First(key => log.PartitionOf(key) == partition);
}
