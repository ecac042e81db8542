using System.Text;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Operations;

namespace FeedBox.Http.Tests;

public sealed class DeadLettersTests : IAsyncLifetime
{
    private const long Operator = 1;

    private FeedBoxHost _host = null!;
    private long _offset;

    public async ValueTask InitializeAsync() => _host = await FeedBoxHost.StartAsync(settings: [("FeedBox:DeadLetters:MaxReplays", "2")]);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_an_operator_sees_what_failed_why_and_how_often()
    {
        await FileAsync("{\"제주\":\"바다\"}"u8.ToArray(), replays: 2);

        var letter = Assert.Single((await _host.GetAsync("/ops/dead-letters", Operator)).Items);

        var cause = letter.GetProperty("cause");
        Assert.Equal(("topic", 3, 1, "group", 6), (cause.GetProperty("topic").GetString(), cause.GetProperty("partition").GetInt32(),
            cause.GetProperty("offset").GetInt32(), cause.GetProperty("group").GetString(), cause.GetProperty("attempts").GetInt32()));
        Assert.Equal(("System.IO.IOException", "disk on fire"), (cause.GetProperty("exceptionType").GetString(), cause.GetProperty("message").GetString()));
        Assert.Equal(_host.Time.GetUtcNow(), cause.GetProperty("lastFailureAt").GetDateTimeOffset());
        Assert.Equal((2, "key", "post.created", 19), (letter.GetProperty("replays").GetInt32(), letter.GetProperty("key").GetString(),
            letter.GetProperty("type").GetString(), letter.GetProperty("size").GetInt32()));
        Assert.Equal("{\"제주\":\"바다\"}", letter.GetProperty("preview").GetString());
    }

    [Fact]
    public async Task The_preview_is_2000_characters_of_text_and_nothing_of_what_is_not_text()
    {
        await FileAsync(Encoding.UTF8.GetBytes(new string('가', 1_999) + "👩‍🍳 and more"));
        await FileAsync([0xFF, 0xFE, 0x41]);
        await FileAsync([0x41, 0x00, 0x42]);
        await FileAsync([0x41, 0xEA, 0xB0]);
        await FileAsync([]);
        var previews = (await _host.GetAsync("/ops/dead-letters", Operator)).Items.Select(letter => letter.GetProperty("preview").GetString());
        Assert.Equal([new string('가', 1_999), null, null, null, ""], previews);
    }

    [Fact]
    public async Task The_list_is_paged_oldest_first()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
            ids.Add((await FileAsync([65])).Id);

        var seen = new List<Guid>();
        var path = "/ops/dead-letters?limit=2";
        for (string? next = ""; next is not null; path = $"/ops/dead-letters?limit=2&cursor={next}")
        {
            var page = await _host.GetAsync(path, Operator);
            seen.AddRange(page.Items.Select(letter => letter.GetProperty("id").GetGuid()));
            next = page.Next;
        }
        Assert.Equal(ids, seen);
        (await _host.GetAsync("/ops/dead-letters?limit=101", Operator)).IsProblem(400, "invalid-limit");
        (await _host.GetAsync("/ops/dead-letters?cursor=x", Operator)).IsProblem(400, "invalid-cursor");
    }

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_a_letter_is_replayed_once_and_one_at_its_limit_is_refused()
    {
        var letter = await FileAsync([65]);
        var key = ("Idempotency-Key", "once");
        Assert.Equal(204, (await _host.SendAsync("POST", $"/ops/dead-letters/{letter.Id}/replay", Operator, (object?)null, key)).Status);
        Assert.Equal(204, (await _host.SendAsync("POST", $"/ops/dead-letters/{letter.Id}/replay", Operator, (object?)null, key)).Status);
        (await _host.SendAsync("POST", $"/ops/dead-letters/{letter.Id}/replay", Operator, (object?)null)).IsProblem(404, "dead-letter-not-found");
        Assert.Equal("group", Assert.Single(_host.Log.Records("topic")).Header(DeadLetterHeaders.ReplayGroup));

        var worn = await FileAsync([65], replays: 2);
        (await _host.SendAsync("POST", $"/ops/dead-letters/{worn.Id}/replay", Operator, (object?)null)).IsProblem(409, "replay-limit-reached");
        await FileAsync([66]);
        var all = await _host.SendAsync("POST", "/ops/dead-letters/replay-all", Operator, (object?)null);
        Assert.Equal((200, 1, 1), (all.Status, all.Body.GetProperty("replayed").GetInt32(), all.Body.GetProperty("refused").GetInt32()));
        Assert.Equal(worn.Id, Assert.Single((await _host.GetAsync("/ops/dead-letters", Operator)).Items).GetProperty("id").GetGuid());
    }

    [Fact]
    public async Task A_discarded_letter_is_gone()
    {
        var letter = await FileAsync([65]);
        Assert.Equal(204, (await _host.SendAsync("DELETE", $"/ops/dead-letters/{letter.Id}", Operator)).Status);
        (await _host.SendAsync("DELETE", $"/ops/dead-letters/{letter.Id}", Operator)).IsProblem(404, "dead-letter-not-found");
        Assert.Empty((await _host.GetAsync("/ops/dead-letters", Operator)).Items);
        Assert.Empty(_host.Log.Records("topic"));
    }

    [Fact]
    public async Task Only_operators_may_look_replay_and_discard()
    {
        var letter = await FileAsync([65]);
        foreach (var (method, path) in new[]
        {
            ("GET", "/ops/dead-letters"), ("POST", $"/ops/dead-letters/{letter.Id}/replay"), ("POST", "/ops/dead-letters/replay-all"), ("DELETE", $"/ops/dead-letters/{letter.Id}"),
        })
            (await _host.SendAsync(method, path, 2, (object?)null)).IsProblem(403, "operators-only");
        Assert.Equal(1, await _host.DeadLetters.CountAsync(default));
    }

    [Fact]
    public async Task The_pipeline_tells_its_groups_breakers_and_dead_letters()
    {
        _host.Pipeline.Status = new(
            4, 6, 8, [new("group", ["a", "b"], 7, 1, 2, _host.Time.GetUtcNow(), "user-team", 100, 9, 3)], 5, [new("user-team/followers", "open")], Drained: false);
        var status = (await _host.GetAsync("/ops/pipeline", Operator)).Body;

        Assert.Equal((4, 6, 5, false), (status.GetProperty("outboxDepth").GetInt32(), status.GetProperty("unconfirmedCoupons").GetInt32(),
            status.GetProperty("deadLetters").GetInt32(), status.GetProperty("drained").GetBoolean()));
        Assert.Equal(8, status.GetProperty("failedPublications").GetInt32());
        var group = Assert.Single(status.GetProperty("groups").EnumerateArray());
        Assert.Equal("{\"group\":\"group\",\"topics\":[\"a\",\"b\"],\"lag\":7,\"inFlight\":1,\"retrying\":2,\"pausedUntil\":\"2026-03-01T00:00:00+00:00\","
            + "\"pausedBy\":\"user-team\",\"handled\":100,\"retries\":9,\"deadLetters\":3}", group.GetRawText());
        var breaker = Assert.Single(status.GetProperty("breakers").EnumerateArray());
        Assert.Equal(("user-team/followers", "open"), (breaker.GetProperty("name").GetString(), breaker.GetProperty("state").GetString()));
    }

    private async Task<DeadLetter> FileAsync(byte[] value, int replays = 0)
    {
        _host.Time.Advance(TimeSpan.FromMilliseconds(5));
        var now = _host.Time.GetUtcNow();
        var original = new LogRecord("topic", 3, ++_offset, "key", value, [new("type", "post.created"), new(DeadLetterHeaders.Replays, $"{replays}")], now);
        var dead = DeadLetterHeaders.Wrap(original, new("topic", 3, _offset, "group", 6, "System.IO.IOException", "disk on fire", now.AddSeconds(-10), now));
        var letter = DeadLetterHeaders.Unwrap(new(dead.Topic, 0, 0, dead.Key, dead.Value, dead.Headers, now), now);
        await _host.DeadLetters.AddAsync(letter, default);
        return letter;
    }
}
