using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Testing;

namespace FeedBox.PortContracts.Events;

/// <summary>What every <see cref="IOutbox"/> promises. Needs an outbox that nobody else reads or fills.</summary>
public abstract class OutboxContract
{
    protected abstract IPostStore Posts { get; }
    protected abstract IOutbox Outbox { get; }

    /// <summary>The one that <see cref="Posts"/> was given.</summary>
    protected abstract OutboxSignal Signal { get; }

    [Fact]
    public async Task A_row_is_the_encoded_event_on_the_shard_of_its_key()
    {
        var post = Draft();
        var created = PostEvents.Created(post);
        await Posts.InsertAsync(post, [created], default);

        var shard = OutboxShards.Of(created.Event.Key);
        var row = Assert.Single(await Outbox.ReadAsync(shard, 100, default));
        var expected = EventCodec.Encode(created);
        Assert.Equal((expected.Topic, expected.Key), (row.Message.Topic, row.Message.Key));
        Assert.Equal(expected.Value.ToArray(), row.Message.Value.ToArray());
        Assert.Equal(expected.Headers, row.Message.Headers);
        foreach (var other in Enumerable.Range(0, OutboxShards.Count).Where(other => other != shard))
            Assert.Empty(await Outbox.ReadAsync(other, 100, default));
    }

    [Fact]
    public async Task Rows_are_read_oldest_first_up_to_the_limit_and_again_until_removed()
    {
        var posts = await InsertAsync(200);
        for (var shard = 0; shard < OutboxShards.Count; shard++)
        {
            var first = await Outbox.ReadAsync(shard, 10, default);
            Assert.Equal(10, first.Count);
            Assert.Equal(first.Select(row => row.Sequence).Order(), first.Select(row => row.Sequence));
            Assert.Equal(
                posts.Select(post => PostEvents.Key(post.Id)).Where(key => OutboxShards.Of(key) == shard).Take(10),
                first.Select(row => row.Message.Key));

            Assert.Equal(first.Select(row => row.Sequence), (await Outbox.ReadAsync(shard, 10, default)).Select(row => row.Sequence));
            await Outbox.RemoveAsync([.. first.Select(row => row.Sequence)], default);
            Assert.True((await Outbox.ReadAsync(shard, 1, default))[0].Sequence > first[^1].Sequence);
        }
    }

    [Fact, Trait("Weakness", "H4")]
    public async Task H4_writes_go_on_while_rows_are_being_published()
    {
        await InsertAsync(50);
        var publishing = await Task.WhenAll(Enumerable.Range(0, OutboxShards.Count).Select(shard => Outbox.ReadAsync(shard, 100, default)));

        await InsertAsync(50).WaitAsync(Eventually.Patience);

        await Outbox.RemoveAsync([.. publishing.SelectMany(rows => rows).Select(row => row.Sequence)], default);
        Assert.Equal(50, await Outbox.DepthAsync(default));
    }

    [Fact, Trait("Weakness", "H6")]
    public async Task H6_removed_rows_are_gone_and_their_sequences_are_never_used_again()
    {
        var last = 0L;
        for (var round = 0; round < 3; round++)
        {
            await InsertAsync(20);
            Assert.Equal(20, await Outbox.DepthAsync(default));
            var rows = new List<OutboxRow>();
            for (var shard = 0; shard < OutboxShards.Count; shard++)
                rows.AddRange(await Outbox.ReadAsync(shard, 100, default));
            Assert.All(rows, row => Assert.True(row.Sequence > last));
            last = rows.Max(row => row.Sequence);

            await Outbox.RemoveAsync([.. rows.Select(row => row.Sequence), last + 1_000_000], default);
            await Outbox.RemoveAsync([.. rows.Select(row => row.Sequence)], default);
            Assert.Equal(0, await Outbox.DepthAsync(default));
        }
    }

    [Fact]
    public async Task A_row_of_a_key_is_never_seen_before_an_earlier_one_of_that_key()
    {
        var post = Draft();
        await Posts.InsertAsync(post, [PostEvents.Created(post)], default);
        var shard = OutboxShards.Of(PostEvents.Key(post.Id));
        var done = false;
        var writing = Task.Run(async () =>
        {
            for (var version = 2; version <= 200; version++)
            {
                var updated = post with { Version = version };
                Assert.True(await Posts.ReplaceAsync(post, updated, [PostEvents.Updated(updated)], default));
                post = updated;
            }
            Volatile.Write(ref done, true);
        });
        while (!Volatile.Read(ref done) && !writing.IsFaulted)
        {
            var rows = await Outbox.ReadAsync(shard, 1_000, default);
            Assert.Equal(Enumerable.Range(1, rows.Count), rows.Select(Version));
        }
        await writing;
    }

    [Fact]
    public async Task A_commit_wakes_whoever_waits_for_the_shard()
    {
        var post = Draft();
        var woken = Signal.WaitAsync(OutboxShards.Of(PostEvents.Key(post.Id)), TimeSpan.FromMinutes(5), TimeProvider.System, default);

        await Posts.InsertAsync(post, [PostEvents.Created(post)], default);

        await woken.WaitAsync(Eventually.Patience);
    }

    private async Task<List<Post>> InsertAsync(int count)
    {
        var posts = new List<Post>();
        for (var i = 0; i < count; i++)
        {
            posts.Add(Draft());
            await Posts.InsertAsync(posts[i], [PostEvents.Created(posts[i])], default);
        }
        return posts;
    }

    private static int Version(OutboxRow row) => EventCodec.ReadData(
        EventCodec.Decode(new(row.Message.Topic, 0, 0, row.Message.Key, row.Message.Value, row.Message.Headers, row.CreatedAt)),
        EventJson.Default.PostChanged).Version;

    private static Post Draft() =>
        new(Guid.CreateVersion7(), Some.Id(), CategoryId: 3, "제목", Some.Text, Version: 1, Some.Time, Some.Time, null, PostInspection.Pending);
}
