using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.DeadLetters;

public sealed class ReplayDeadLettersTests
{
    private readonly MemoryEventLog _log = new(partitions: 1);
    private readonly MemoryDeadLetterStore _letters = new();
    private readonly ReplayDeadLetters _replay;
    private DateTimeOffset _now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public ReplayDeadLettersTests() => _replay = new(_letters, _log, new());

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_a_replay_is_the_original_message_for_the_group_that_failed()
    {
        var letter = await FileAsync("a", headers: [new("type", "post.created"), new(DeadLetterHeaders.ReplayGroup, "old"), new(DeadLetterHeaders.Replays, "2")]);
        Assert.Equal(2, letter.Replays);

        await _replay.ReplayAsync(letter.Id, default);

        var sent = Assert.Single(_log.Records("topic"));
        Assert.Equal("a", sent.Key);
        Assert.Equal(letter.Message.Value.ToArray(), sent.Value.ToArray());
        Assert.Equal([new("type", "post.created"), new(DeadLetterHeaders.ReplayGroup, "group"), new(DeadLetterHeaders.Replays, "3")], sent.Headers);
        Assert.Equal(0, await _letters.CountAsync(default));
        Assert.Equal("dead-letter-not-found", (await Assert.ThrowsAsync<FeedBoxException>(() => _replay.ReplayAsync(letter.Id, default))).Code);
    }

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_a_letter_stays_when_its_message_cannot_be_sent_and_is_sent_again_when_it_could_not_be_removed()
    {
        var letter = await FileAsync("a");
        _log.OnAppend = (_, _) => throw new DependencyUnavailableException("event log", TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => _replay.ReplayAsync(letter.Id, default));
        Assert.NotNull(await _letters.FindAsync(letter.Id, default));

        _log.OnAppend = null;
        _letters.OnRemove = _ => throw new IOException("crash");
        await Assert.ThrowsAsync<IOException>(() => _replay.ReplayAsync(letter.Id, default));
        _letters.OnRemove = null;
        await _replay.ReplayAsync(letter.Id, default);
        Assert.Equal(2, _log.Records("topic").Count);
        Assert.Equal(0, await _letters.CountAsync(default));
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_what_was_replayed_five_times_is_refused()
    {
        var fourth = await FileAsync("a", headers: [new(DeadLetterHeaders.Replays, "4")]);
        var fifth = await FileAsync("b", headers: [new(DeadLetterHeaders.Replays, "5")]);

        await _replay.ReplayAsync(fourth.Id, default);
        var refusal = await Assert.ThrowsAsync<FeedBoxException>(() => _replay.ReplayAsync(fifth.Id, default));

        Assert.Equal((ProblemKind.Conflict, "replay-limit-reached"), (refusal.Kind, refusal.Code));
        Assert.Equal("a", Assert.Single(_log.Records("topic")).Key);
        Assert.NotNull(await _letters.FindAsync(fifth.Id, default));
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_replaying_all_takes_each_letter_once_in_order_though_they_fail_again_at_once()
    {
        for (var i = 0; i < 250; i++)
            await FileAsync($"key-{i}", headers: i % 10 == 0 ? [new(DeadLetterHeaders.Replays, "5")] : []);
        _log.OnAppended = messages => // they fail while the rest is still being replayed
        {
            foreach (var message in messages.Where(message => message.Topic == "topic"))
                FileAsync(message.Key!, message.Headers).Wait();
        };

        Assert.Equal(new(225, 25), await _replay.ReplayAllAsync(default));

        Assert.Equal(Enumerable.Range(0, 250).Where(i => i % 10 != 0).Select(i => $"key-{i}"), _log.Records("topic").Select(record => record.Key));
        Assert.Equal(250, await _letters.CountAsync(default));
        Assert.Equal(225, (await _letters.ListAsync(null, 1_000, default)).Count(letter => letter.Replays == 1));
    }

    [Fact]
    public async Task A_message_of_a_group_nobody_knows_is_replayed_for_all_of_them()
    {
        var letter = DeadLetterHeaders.Unwrap(new("topic.dlt", 0, 1, "a", new byte[] { 1 }, [], _now), _now);
        await _letters.AddAsync(letter, default);
        await _replay.ReplayAsync(letter.Id, default);
        Assert.Equal([new(DeadLetterHeaders.Replays, "1")], Assert.Single(_log.Records("topic")).Headers);
    }

    private async Task<DeadLetter> FileAsync(string key, IReadOnlyList<KeyValuePair<string, string>>? headers = null)
    {
        _now += TimeSpan.FromMilliseconds(1);
        var offset = _now.Ticks;
        var original = new LogRecord("topic", 0, offset, key, new byte[] { 1, 0, 255 }, headers ?? [], _now);
        var dead = DeadLetterHeaders.Wrap(original, new("topic", 0, offset, "group", 6, "Exception", "why", _now, _now));
        var letter = DeadLetterHeaders.Unwrap(new(dead.Topic, 0, 0, dead.Key, dead.Value, dead.Headers, _now), _now);
        await _letters.AddAsync(letter, default);
        return letter;
    }
}
