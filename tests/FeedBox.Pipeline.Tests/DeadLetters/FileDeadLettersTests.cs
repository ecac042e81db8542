using FeedBox.Core;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Pipeline.DeadLetters;
using FeedBox.Pipeline.Tests.Consuming;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.DeadLetters;

public sealed class FileDeadLettersTests
{
    private readonly ManualTime _time = new();
    private readonly MemoryEventLog _log = new(partitions: 1);
    private readonly MemoryDeadLetterStore _letters = new();

    private FileDeadLetters Filing => new(_letters, [new Handler()], _time);

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_what_is_given_up_is_filed_with_its_cause_even_when_it_is_no_event()
    {
        await using var consumer = new Running(_log, new Handler((_, _, _) => throw new PermanentFailureException("broken invariant")), _time);
        await using var filing = new Running(_log, Filing, _time);
        var garbage = new byte[] { 0xFF, 0x00, 0xC3 };
        await _log.AppendAsync([Log.Message("a", 1), new("topic", null, garbage, [new("x", "y")])], default);

        await Eventually.TrueAsync(() => List().Count == 2, "filed");

        var poison = Assert.Single(List(), letter => letter.Message.Key is null);
        Assert.Equal(garbage, poison.Message.Value.ToArray());
        Assert.Equal([new("x", "y")], poison.Message.Headers);
        Assert.Equal(("topic", 0, 1L, "group", 1), (poison.Cause.Topic, poison.Cause.Partition, poison.Cause.Offset, poison.Cause.Group, poison.Cause.Attempts));
        var broken = Assert.Single(List(), letter => letter.Message.Key == "a");
        Assert.Equal((typeof(PermanentFailureException).FullName, "broken invariant"), (broken.Cause.ExceptionType, broken.Cause.Message));
        Assert.Equal(_log.Records("topic")[0].Value.ToArray(), broken.Message.Value.ToArray());
        Assert.Equal(0, broken.Replays);
    }

    [Fact]
    public async Task A_record_without_a_cause_is_filed_as_what_is_known_of_it()
    {
        await using var filing = new Running(_log, Filing, _time);
        await _log.AppendAsync([new("topic.dlt", "a", new byte[] { 1 }, [new(DeadLetterHeaders.Offset, "-1"), new(DeadLetterHeaders.LastFailureAt, "yesterday")])], default);
        await Eventually.TrueAsync(() => List().Count == 1, "filed");
        var letter = List()[0];
        Assert.Equal(("topic", 0, 0L, ""), (letter.Cause.Topic, letter.Cause.Partition, letter.Cause.Offset, letter.Cause.Group));
        Assert.Equal("topic", letter.Message.Topic);
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_a_letter_that_cannot_be_filed_is_tried_for_ever_ever_more_rarely_and_never_dead_lettered_itself()
    {
        var tries = new List<DateTimeOffset>();
        var broken = true;
        _letters.OnAdd = letter =>
        {
            if (letter.Message.Key != "bad" || !broken)
                return;
            lock (tries)
                tries.Add(_time.GetUtcNow());
            throw new PermanentFailureException("the store does not take it");
        };
        await using var filing = new Running(_log, Filing, _time);
        await _log.AppendAsync([Dead("bad", 1), Dead("good", 2)], default);

        await Eventually.TrueAsync(() => Tries() >= 30, _time, TimeSpan.FromSeconds(1), "tried again and again");
        Assert.Equal(["good"], List().Select(letter => letter.Message.Key));
        Assert.Empty(_log.Records("topic.dlt.dlt"));
        Assert.Equal(0, filing.Runtime.Status.DeadLetters);
        Assert.InRange(tries[1] - tries[0], TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10));
        Assert.All(Enumerable.Range(20, 5), i => Assert.True(tries[i] - tries[i - 1] >= TimeSpan.FromMinutes(1)));

        broken = false;
        await Eventually.TrueAsync(() => List().Count == 2, _time, TimeSpan.FromSeconds(10), "filed in the end");

        int Tries()
        {
            lock (tries)
                return tries.Count;
        }
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_a_message_that_fails_after_every_replay_is_filed_each_time_until_the_limit_stops_it()
    {
        var calls = 0;
        await using var consumer = new Running(_log, new Handler((_, _, _) =>
        {
            Interlocked.Increment(ref calls);
            throw new PermanentFailureException("still broken");
        }), _time);
        await using var filing = new Running(_log, Filing, _time);
        var replay = new ReplayDeadLetters(_letters, _log, new() { MaxReplays = 3 });
        await _log.AppendAsync("a", 1);

        for (var replays = 0; replays <= 3; replays++)
        {
            await Eventually.TrueAsync(() => List().Count == 1, $"filed after replay {replays}");
            Assert.Equal((replays, replays + 1), (List()[0].Replays, calls));
            if (replays < 3)
                Assert.Equal(new(1, 0), await replay.ReplayAllAsync(default));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var refusal = await Assert.ThrowsAsync<FeedBoxException>(() => replay.ReplayAsync(List()[0].Id, default));
        Assert.Equal("replay-limit-reached", refusal.Code);
        Assert.Equal(new(0, 1), await replay.ReplayAllAsync(default));
        Assert.Equal(4, _log.Records("topic").Count);
    }

    private IReadOnlyList<DeadLetter> List() => _letters.ListAsync(null, 1_000, default).Result;

    private LogMessage Dead(string key, int number)
    {
        var message = Log.Message(key, number);
        var record = new LogRecord(message.Topic, 0, number, key, message.Value, message.Headers, _time.GetUtcNow());
        return DeadLetterHeaders.Wrap(record, new("topic", 0, number, "group", 6, "Exception", "why", _time.GetUtcNow(), _time.GetUtcNow()));
    }
}
