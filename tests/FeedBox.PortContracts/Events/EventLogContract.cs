using System.Collections.Concurrent;
using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.PortContracts.Events;

/// <summary>What every <see cref="IEventLog"/> promises.</summary>
public abstract class EventLogContract
{
    protected abstract IEventLog Log { get; }

    private readonly string _topic = Some.Name("contract");
    private readonly string _group = Some.Name("group");

    [Fact]
    public async Task Records_come_back_byte_for_byte_with_headers_and_time()
    {
        await EnsureAsync();
        KeyValuePair<string, string>[] headers = [new("type", "post.created"), new("이름", Some.Text), new("empty", ""), new("type", "again")];
        byte[] value = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        var before = DateTimeOffset.UtcNow.AddMinutes(-1);
        await Log.AppendAsync([new(_topic, Some.Text, value, headers)], default);
        await using var member = Join();

        var record = Assert.Single(await member.PollUntilAsync(1));

        Assert.Equal((_topic, 0, Some.Text), (record.Topic, record.Offset, record.Key));
        Assert.Equal(value, record.Value.ToArray());
        Assert.Equal(headers, record.Headers);
        Assert.InRange(record.AppendedAt, before, DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task A_record_may_have_no_key_an_empty_key_no_headers_and_an_empty_value()
    {
        await EnsureAsync();
        await Log.AppendAsync([new(_topic, null, Array.Empty<byte>(), []), new(_topic, "", new byte[] { 1 }, [])], default);
        await using var member = Join();

        var records = await member.PollUntilAsync(2);

        var withoutKey = Assert.Single(records, record => record.Key is null);
        Assert.True(withoutKey.Value.IsEmpty);
        Assert.Empty(withoutKey.Headers);
        Assert.Single(records, record => record.Key == "");
    }

    [Fact]
    public async Task A_large_record_comes_back()
    {
        await EnsureAsync();
        var value = new byte[500_000];
        Random.Shared.NextBytes(value);
        await Log.AppendAsync([Message("k", value)], default);
        await using var member = Join();

        Assert.Equal(value, Assert.Single(await member.PollUntilAsync(1)).Value.ToArray());
    }

    [Fact]
    public async Task Records_of_a_key_share_a_partition_and_keep_their_order()
    {
        await EnsureAsync();
        for (var batch = 0; batch < 5; batch++)
            await Log.AppendAsync([.. Enumerable.Range(0, 200).Select(i => Message($"키-{i % 40}", batch * 200 + i))], default);
        await using var member = Join();

        var records = await member.PollUntilAsync(1_000);

        foreach (var key in records.GroupBy(record => record.Key))
        {
            Assert.Single(key.Select(record => record.Partition).Distinct());
            Assert.Equal(25, key.Count());
            Assert.Equal(key.Select(Number).Order(), key.Select(Number));
        }
        AssertOffsetOrder(records);
        Assert.True(records.Select(record => record.Partition).Distinct().Count() > 1, "keys are spread");
    }

    [Fact]
    public async Task Concurrent_appends_lose_and_repeat_nothing()
    {
        await EnsureAsync();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
                await Log.AppendAsync([.. Enumerable.Range(0, 5).Select(j => Message($"key {writer}", writer * 100 + i * 5 + j))], default);
        })));
        await using var member = Join();

        var records = await member.PollUntilAsync(2_000);
        await member.PollSomeMoreAsync();

        Assert.Equal(Enumerable.Range(0, 2_000), member.Records.Select(Number).Order());
        AssertOffsetOrder(records);
        foreach (var key in records.GroupBy(record => record.Key))
            Assert.Equal(key.Select(Number).Order(), key.Select(Number));
    }

    [Fact]
    public async Task Each_group_gets_every_record()
    {
        await EnsureAsync();
        await AppendAsync(0, 50);
        await using var one = Join();
        await using var other = new Member(Log, Some.Name("other"), _topic);

        Assert.Equal(50, (await one.PollUntilAsync(50)).Count);
        Assert.Equal(50, (await other.PollUntilAsync(50)).Count);
    }

    [Fact]
    public async Task A_new_group_starts_at_the_earliest_record_and_then_follows()
    {
        await EnsureAsync();
        await AppendAsync(0, 10);
        await using var member = Join();
        await member.PollUntilAsync(10);

        await AppendAsync(10, 10);

        Assert.Equal(Enumerable.Range(0, 20), (await member.PollUntilAsync(20)).Select(Number).Order());
    }

    [Fact]
    public async Task A_group_goes_on_where_it_committed()
    {
        await EnsureAsync();
        await AppendAsync(0, 100);
        await using (var first = Join())
            await first.CommitAsync(await first.PollUntilAsync(100));
        await AppendAsync(100, 30);

        await using var second = Join();
        await second.PollUntilAsync(30);
        await second.PollSomeMoreAsync();

        Assert.Equal(Enumerable.Range(100, 30), second.Records.Select(Number).Order());
    }

    [Fact]
    public async Task What_was_read_and_not_committed_is_delivered_again()
    {
        await EnsureAsync();
        await AppendAsync(0, 60);
        List<LogRecord> handled;
        await using (var crashed = Join())
        {
            var records = await crashed.PollUntilAsync(60);
            handled = [.. records.GroupBy(record => record.Partition).SelectMany(partition => partition.Take(2))];
            await crashed.CommitAsync(handled);
        }

        await using var next = Join();
        await next.PollUntilAsync(60 - handled.Count);
        await next.PollSomeMoreAsync();

        Assert.Equal(Enumerable.Range(0, 60).Except(handled.Select(Number)), next.Records.Select(Number).Order());
    }

    [Fact]
    public async Task No_record_is_given_twice_to_one_owner()
    {
        await EnsureAsync();
        await AppendAsync(0, 300);
        await using var member = Join();
        while (member.Records.Count < 300)
            Assert.InRange((await member.PollAsync(maxRecords: 7)).Count, 0, 7);
        await member.PollSomeMoreAsync();

        Assert.Equal(Enumerable.Range(0, 300), member.Records.Select(Number).Order());
    }

    [Fact]
    public async Task A_busy_partition_does_not_starve_the_others()
    {
        var quiet = Some.Name("quiet");
        await Log.EnsureTopicsAsync([_topic, quiet], default);
        await Log.AppendAsync([.. Enumerable.Range(0, 5_000).Select(i => Message("busy", i))], default);
        await Log.AppendAsync([.. Enumerable.Range(0, 50).Select(i => Message($"key {i}", i) with { Topic = quiet })], default);
        await using var member = new Member(Log, _group, _topic, quiet);
        using var read = new CancellationTokenSource();
        var staysBusy = Task.Run(async () =>
        {
            while (!read.IsCancellationRequested)
                await Log.AppendAsync([.. Enumerable.Range(0, 200).Select(i => Message("busy", i))], default);
        });

        var seen = 0;
        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (seen < 50 && DateTime.UtcNow < deadline)
            seen += (await member.PollAsync(maxRecords: 50)).Count(record => record.Topic == quiet);
        await read.CancelAsync();
        await staysBusy;

        Assert.Equal(50, seen);
    }

    [Fact]
    public async Task An_empty_poll_comes_back_soon_and_a_new_record_ends_it()
    {
        await EnsureAsync();
        await using var member = Join();
        await member.UntilAsync(() => member.Owned.Count == Topics.Partitions, "all partitions are owned");
        Assert.Empty(await member.Reader.PollAsync(10, default).AsTask().WaitAsync(Eventually.Patience));

        var polling = member.PollUntilAsync(1);
        await AppendAsync(0, 1);
        await polling.WaitAsync(Eventually.Patience);
    }

    [Fact]
    public async Task A_paused_partition_gives_nothing_until_it_is_resumed()
    {
        await EnsureAsync();
        await Log.AppendAsync([Message("paused", 0), .. Enumerable.Range(1, 30).Select(i => Message($"k{i}", i))], default);
        await using var member = Join();
        var paused = Member.Partition((await member.PollUntilAsync(31)).First(record => record.Key == "paused"));

        member.Reader.Pause(paused);
        await Log.AppendAsync([Message("paused", 100), .. Enumerable.Range(101, 30).Select(i => Message($"k{i - 100}", i))], default);
        var others = Enumerable.Range(1, 30).Count(i => member.Records.First(record => record.Key == $"k{i}").Partition != paused.Partition);
        await member.PollUntilAsync(31 + others);
        await member.PollSomeMoreAsync();
        Assert.DoesNotContain(member.Records.Skip(31), record => record.Partition == paused.Partition);

        member.Reader.Resume(paused);
        Assert.Contains(await member.PollUntilAsync(62), record => Number(record) == 100);
    }

    [Fact]
    public async Task Readers_of_a_group_share_the_partitions_evenly_and_take_over_when_one_leaves()
    {
        await EnsureAsync();
        await using var one = Join().Start();
        await OwnsAsync(one, Topics.Partitions);

        await using (var two = Join().Start())
        {
            await OwnsAsync(one, Topics.Partitions / 2);
            await OwnsAsync(two, Topics.Partitions / 2);
            Assert.Empty(one.Owned.Intersect(two.Owned));
            await using var three = Join().Start();
            foreach (var member in new[] { one, two, three })
                await OwnsAsync(member, Topics.Partitions / 3);
        }
        await OwnsAsync(one, Topics.Partitions);
    }

    [Fact]
    public async Task A_partition_moves_only_after_its_owner_has_finished_and_committed()
    {
        await EnsureAsync();
        await AppendAsync(0, 200);
        var revoking = 0;
        var overlapping = false;
        await using var one = new Member(Log, _group, _topic)
        {
            OnRevoked = async (self, partitions) =>
            {
                Interlocked.Exchange(ref revoking, 1);
                await Task.Delay(200);
                await self.CommitAsync(self.Records.Where(record => partitions.Contains(Member.Partition(record))));
                Interlocked.Exchange(ref revoking, 0);
            },
        };
        await one.PollUntilAsync(200);
        one.Start();
        await using var two = new Member(Log, _group, _topic) { OnRecord = _ => overlapping |= Volatile.Read(ref revoking) == 1 };
        two.Start();

        await OwnsAsync(two, Topics.Partitions / 2);
        await AppendAsync(200, 200);
        await Eventually.TrueAsync(() => one.Records.Count + two.Records.Count >= 400, "all is read");
        await Task.Delay(150);

        Assert.False(overlapping);
        Assert.Equal(Enumerable.Range(0, 400), one.Records.Concat(two.Records).Select(Number).Order());
    }

    [Fact]
    public async Task Nothing_is_lost_and_keys_keep_their_order_while_readers_come_and_go()
    {
        await EnsureAsync();
        const int Total = 3_000;
        var seen = new ConcurrentDictionary<string, ConcurrentQueue<int>>();
        Member Next() => new Member(Log, _group, _topic)
        {
            OnRecord = record => seen.GetOrAdd(record.Key!, _ => new()).Enqueue(Number(record)),
            OnRevoked = (self, partitions) => self.CommitAsync(self.Records.Where(record => partitions.Contains(Member.Partition(record)))),
        }.Start();
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < Total; i += 50)
            {
                await AppendAsync(i, 50, keys: 60);
                await Task.Delay(5);
            }
        });
        await using var constant = Next();
        for (var round = 0; round < 3; round++)
        {
            var visitor = Next();
            await Task.Delay(50);
            await visitor.DisposeAsync();
        }
        await appending;
        await Eventually.TrueAsync(() => seen.Values.Sum(key => key.Distinct().Count()) == Total, "every record was seen");

        foreach (var (_, numbers) in seen)
        {
            // a record may come again after a move, but what is new comes in order
            var highest = -1;
            var firstTimes = numbers.Where(number => number > highest && (highest = number) >= 0).ToList();
            Assert.Equal(numbers.Distinct().Order(), firstTimes);
        }
    }

    [Fact]
    public async Task A_commit_by_someone_who_is_no_longer_the_owner_changes_nothing()
    {
        await EnsureAsync();
        await AppendAsync(0, 50);
        var left = Join();
        var records = await left.PollUntilAsync(50);
        await left.DisposeAsync();

        await left.CommitAsync(records).ContinueWith(_ => { });

        await using var next = Join();
        Assert.Equal(50, (await next.PollUntilAsync(50)).Count);
    }

    [Fact]
    public async Task Several_topics_are_read_by_one_reader()
    {
        var second = Some.Name("second");
        await Log.EnsureTopicsAsync([_topic, second], default);
        await Log.AppendAsync([Message("k", 1), Message("k", 2) with { Topic = second }], default);
        await using var member = new Member(Log, _group, _topic, second);

        Assert.Equal([_topic, second], (await member.PollUntilAsync(2)).OrderBy(Number).Select(record => record.Topic));
    }

    [Fact]
    public async Task Lag_is_what_a_group_has_not_committed()
    {
        await EnsureAsync();
        Assert.Equal(0, await LagAsync());
        await AppendAsync(0, 40);
        Assert.Equal(40, await LagAsync());

        await using var member = Join();
        var records = await member.PollUntilAsync(40);
        await member.CommitAsync(records.GroupBy(record => record.Partition).Select(partition => partition.First()));
        Assert.Equal(40 - records.DistinctBy(record => record.Partition).Count(), await LagAsync());

        await member.CommitAsync(records);
        Assert.Equal(0, await LagAsync());
    }

    [Fact, Trait("Weakness", "H30")]
    public async Task H30_topics_are_made_by_code_however_often_and_by_however_many()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Log.EnsureTopicsAsync([_topic, Topics.DeadLetter(_topic)], default))));
        await AppendAsync(0, 20);
        await EnsureAsync();

        await using var member = Join();
        Assert.Equal(20, (await member.PollUntilAsync(20)).Count);
        Assert.Equal(Topics.Partitions, (await Log.LagAsync(_group, [_topic], default)).Count);
    }

    private Task EnsureAsync() => Log.EnsureTopicsAsync([_topic], default);

    private Member Join() => new(Log, _group, _topic);

    private Task AppendAsync(int from, int count, int keys = 25) =>
        Log.AppendAsync([.. Enumerable.Range(from, count).Select(i => Message($"key {i % keys}", i))], default);

    private async Task<long> LagAsync() => (await Log.LagAsync(_group, [_topic], default)).Sum(partition => partition.Lag);

    private LogMessage Message(string? key, int number) => Message(key, BitConverter.GetBytes(number));

    private LogMessage Message(string? key, byte[] value) => new(_topic, key, value, [new("type", "test")]);

    private static int Number(LogRecord record) => BitConverter.ToInt32(record.Value.Span);

    private static Task OwnsAsync(Member member, int count) =>
        Eventually.TrueAsync(() => member.Owned.Count == count, $"{count} partitions are owned");

    private static void AssertOffsetOrder(IReadOnlyList<LogRecord> records)
    {
        foreach (var partition in records.GroupBy(record => record.Partition))
            Assert.Equal(partition.Select(record => record.Offset).Order().Distinct(), partition.Select(record => record.Offset));
    }
}
