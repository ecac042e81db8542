using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;

namespace FeedBox.PortContracts.DeadLetters;

/// <summary>What every <see cref="IDeadLetterStore"/> promises. Letters of others may be in the store: these are told by their topic.</summary>
public abstract class DeadLetterStoreContract
{
    protected abstract IDeadLetterStore Letters { get; }

    private readonly string _topic = Some.Name("topic");

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_a_letter_comes_back_with_its_message_byte_for_byte_and_its_cause()
    {
        var filed = Letter(1) with { Replays = 3 };
        filed = filed with { Message = filed.Message with { Headers = [new("a", Some.Text), new("a", ""), new("b", "2")] } };
        await Letters.AddAsync(filed, default);

        var found = await Letters.FindAsync(filed.Id, default);

        AssertSame(filed, found);
        AssertSame(filed, Assert.Single(await ListAsync()));
    }

    [Fact]
    public async Task A_message_may_have_no_key_no_headers_and_no_bytes()
    {
        var filed = Letter(1) with { Message = new(_topic, null, ReadOnlyMemory<byte>.Empty, []) };
        await Letters.AddAsync(filed, default);
        AssertSame(filed, await Letters.FindAsync(filed.Id, default));
    }

    [Fact]
    public async Task Letters_are_listed_by_their_last_failure_oldest_first_and_page_by_page()
    {
        var letters = Enumerable.Range(0, 7).Select(i => Letter(offset: 100 - i, failedAfter: TimeSpan.FromSeconds(i))).ToList();
        foreach (var letter in letters.OrderBy(letter => letter.Cause.Offset % 3))
            await Letters.AddAsync(letter, default);

        var before = letters[0].Id;
        Assert.Equal(letters.Select(letter => letter.Id), (await ListAsync()).Select(letter => letter.Id));
        Assert.Equal(letters[1].Id, (await Letters.ListAsync(before, 1_000, default)).First(letter => letter.Cause.Topic == _topic).Id);
        Assert.True((await Letters.ListAsync(null, 3, default)).Count == 3);
        Assert.DoesNotContain(await Letters.ListAsync(letters[^1].Id, 1_000, default), letter => letter.Cause.Topic == _topic);
    }

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_filing_twice_is_filing_once_whenever_the_failure_was()
    {
        var first = Letter(1);
        await Letters.AddAsync(first, default);
        await Letters.AddAsync(first, default);
        await Letters.AddAsync(Letter(1, failedAfter: TimeSpan.FromMinutes(1)), default);

        AssertSame(first, Assert.Single(await ListAsync()));
    }

    [Fact]
    public async Task Letters_of_other_groups_partitions_and_offsets_are_others()
    {
        await Letters.AddAsync(Letter(1), default);
        await Letters.AddAsync(Letter(1, group: "other"), default);
        await Letters.AddAsync(Letter(1, partition: 5), default);
        await Letters.AddAsync(Letter(2), default);
        Assert.Equal(4, (await ListAsync()).Count);
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_a_removed_letter_is_gone_and_does_not_come_back_on_redelivery()
    {
        var letter = Letter(1);
        await Letters.AddAsync(letter, default);
        Assert.True(await Letters.RemoveAsync(letter.Id, default));
        Assert.False(await Letters.RemoveAsync(letter.Id, default));

        await Letters.AddAsync(letter, default);
        await Letters.AddAsync(Letter(1, failedAfter: TimeSpan.FromMinutes(1)), default);

        Assert.Null(await Letters.FindAsync(letter.Id, default));
        Assert.Empty(await ListAsync());
        Assert.False(await Letters.RemoveAsync(letter.Id, default));
    }

    [Fact]
    public async Task Of_twenty_that_remove_a_letter_one_succeeds()
    {
        var letter = Letter(1);
        await Letters.AddAsync(letter, default);
        var removed = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => Letters.RemoveAsync(letter.Id, default))));
        Assert.Single(removed, true);
    }

    [Fact]
    public async Task The_count_follows_what_is_filed_and_removed()
    {
        var before = await Letters.CountAsync(default);
        var letters = Enumerable.Range(0, 3).Select(i => Letter(i)).ToList();
        foreach (var letter in letters)
            await Letters.AddAsync(letter, default);
        Assert.Equal(before + 3, await Letters.CountAsync(default));
        await Letters.RemoveAsync(letters[1].Id, default);
        Assert.Equal(before + 2, await Letters.CountAsync(default));
        Assert.Null(await Letters.FindAsync(Guid.NewGuid(), default));
    }

    /// <summary>As it is read from a dead-letter topic.</summary>
    private DeadLetter Letter(long offset, int partition = 0, string group = "group", TimeSpan failedAfter = default)
    {
        var lastFailureAt = Some.Time + failedAfter;
        var original = new LogRecord(_topic, partition, offset, Some.Text, new byte[] { 0, 255, 128, 10, 34 }, [new("type", "test")], Some.Time);
        var dead = DeadLetterHeaders.Wrap(original, new(_topic, partition, offset, group, 6, "System.IO.IOException", Some.Text, Some.Time, lastFailureAt));
        return DeadLetterHeaders.Unwrap(new(dead.Topic, 3, 7, dead.Key, dead.Value, dead.Headers, lastFailureAt), lastFailureAt.AddSeconds(1));
    }

    private async Task<IReadOnlyList<DeadLetter>> ListAsync()
    {
        var all = new List<DeadLetter>();
        while (await Letters.ListAsync(all.LastOrDefault()?.Id, 1_000, default) is { Count: > 0 } page)
            all.AddRange(page);
        return [.. all.Where(letter => letter.Cause.Topic == _topic)];
    }

    private static void AssertSame(DeadLetter expected, DeadLetter? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal((expected.Id, expected.Cause, expected.Replays, expected.FiledAt), (actual.Id, actual.Cause, actual.Replays, actual.FiledAt));
        Assert.Equal((expected.Message.Topic, expected.Message.Key), (actual.Message.Topic, actual.Message.Key));
        Assert.Equal(expected.Message.Value.ToArray(), actual.Message.Value.ToArray());
        Assert.Equal(expected.Message.Headers, actual.Message.Headers);
    }
}
