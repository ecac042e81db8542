using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.PortContracts.AccessLog;
using FeedBox.PortContracts.Coupons;
using FeedBox.PortContracts.DeadLetters;
using FeedBox.PortContracts.Events;
using FeedBox.PortContracts.Idempotency;
using FeedBox.PortContracts.Inbox;
using FeedBox.PortContracts.Posts;
using FeedBox.PortContracts.UserTeam;
using FeedBox.Sqlite.AccessLog;
using FeedBox.Sqlite.Coupons;
using FeedBox.Sqlite.DeadLetters;
using FeedBox.Sqlite.Events;
using FeedBox.Sqlite.Idempotency;
using FeedBox.Sqlite.Inbox;
using FeedBox.Sqlite.Posts;
using FeedBox.Sqlite.UserTeam;
using FeedBox.Testing;

namespace FeedBox.Sqlite.Tests;

public sealed class SqlitePostStoreTests : PostStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override IPostStore Posts => field ??= new SqlitePostStore(_file.Database, _file.Signal);
    protected override IOutbox Outbox => field ??= new SqliteOutbox(_file.Database);

    public void Dispose() => _file.Dispose();
}

public sealed class SqliteOutboxTests : OutboxContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override IPostStore Posts => field ??= new SqlitePostStore(_file.Database, _file.Signal);
    protected override IOutbox Outbox => field ??= new SqliteOutbox(_file.Database);
    protected override OutboxSignal Signal => _file.Signal;

    public void Dispose() => _file.Dispose();
}

public sealed class SqliteEventLogTests : EventLogContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override IEventLog Log => field ??= new SqliteEventLog(_file.Database, _file.Options, TimeProvider.System);

    public void Dispose() => _file.Dispose();
}

public sealed class SqliteAccessLogStoreTests : AccessLogStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override IAccessLogStore Store => field ??= new SqliteAccessLogStore(_file.Database);

    public void Dispose() => _file.Dispose();
}

public sealed class SqliteInboxStoreTests : InboxStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override IInboxStore Inbox => field ??= new SqliteInboxStore(_file.Database);

    public void Dispose() => _file.Dispose();
}

public sealed class SqliteIdempotencyStoreTests : IdempotencyStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override IIdempotencyStore Store => field ??= new SqliteIdempotencyStore(_file.Database);

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task A_claim_of_a_process_that_died_is_free_at_once_with_the_same_operation()
    {
        var now = DateTimeOffset.UtcNow;
        var died = Assert.IsType<IdempotencyClaim.Granted>(await Store.ClaimAsync(1, "key", "print", now, default));

        var restarted = new SqliteIdempotencyStore(_file.Reopen());

        Assert.Equal(died, await restarted.ClaimAsync(1, "key", "print", now, default));
        Assert.IsType<IdempotencyClaim.Busy>(await restarted.ClaimAsync(1, "key", "print", now, default));
    }
}

public sealed class SqliteDeadLetterStoreTests : DeadLetterStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();
    private readonly ManualTime _time = new();

    protected override IDeadLetterStore Letters => field ??= new SqliteDeadLetterStore(_file.Database, _file.Options, _time);

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task A_removed_letter_leaves_no_message_behind_and_after_twice_the_retention_no_trace()
    {
        var cause = new DeadLetterCause("topic", 1, 2, "group", 1, "Exception", "broken", _time.GetUtcNow(), _time.GetUtcNow());
        var letter = new DeadLetter(Guid.CreateVersion7(), new("topic", "key", new byte[] { 1 }, []), cause, 0, _time.GetUtcNow());
        await Letters.AddAsync(letter, default);
        await Letters.RemoveAsync(letter.Id, default);
        long? Count(string where) => _file.Database.Read(reader => reader.Prepare($"SELECT count(*) FROM dead_letters WHERE {where}").Scalar());
        Assert.Equal((1, 0), (Count("true"), Count("key IS NOT NULL OR value IS NOT NULL OR headers IS NOT NULL OR message <> ''")));

        _time.Advance(2 * _file.Options.EventRetention);
        Assert.Equal(0, await ((SqliteDeadLetterStore)Letters).TrimAsync(default));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await ((SqliteDeadLetterStore)Letters).TrimAsync(default));
        Assert.Equal(0, Count("true"));
    }
}

public sealed class SqliteNameStoreTests : NameStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override INameStore Names => field ??= new SqliteNameStore(_file.Database);

    public void Dispose() => _file.Dispose();
}

public sealed class SqliteCouponStoreTests : CouponStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override ICouponStore Coupons => field ??= new SqliteCouponStore(_file.Database);

    public void Dispose() => _file.Dispose();

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_the_table_refuses_a_coupon_too_many_whoever_inserts_it()
    {
        var now = DateTimeOffset.UtcNow;
        var couponEvent = await Coupons.AddEventAsync(new(Guid.CreateVersion7(), "두 장", 2, now, now.AddHours(1)), default);
        Task InsertAsync(long user) => _file.Database.WriteAsync(writer =>
        {
            writer.Prepare("INSERT INTO coupons (id, event_id, user_id, sequence, issued_at) VALUES (?, ?, ?, ?, ?)")
                .Bind(Guid.CreateVersion7()).Bind(couponEvent.Id).Bind(user).Bind(user).Bind(now).Execute();
        }, default);

        await InsertAsync(1);
        await InsertAsync(2);
        var refusal = await Assert.ThrowsAnyAsync<Exception>(() => InsertAsync(3));
        Assert.Contains("CHECK constraint failed: issued <= limit_count", refusal.Message);
        Assert.Equal(2, (await Coupons.StartGenerationAsync(couponEvent.Id, 1, default))!.Count);
    }

    [Fact, Trait("Weakness", "H39")]
    public void H39_listing_usable_coupons_walks_an_index_and_looks_each_event_up_by_key()
    {
        var plan = _file.Database.Read(reader =>
        {
            var rows = reader.Prepare("""
                EXPLAIN QUERY PLAN SELECT coupons.id, name FROM coupons JOIN coupon_events ON coupon_events.id = event_id
                WHERE user_id = 1 AND used_at IS NULL AND coupons.id < x'ff' AND closes_at > 0 ORDER BY coupons.id DESC LIMIT 20
                """);
            var steps = new List<string>();
            while (rows.Step())
                steps.Add(rows.GetString(3));
            return steps;
        });

        Assert.Equal(2, plan.Count);
        Assert.Contains("coupons_unused", plan[0]);
        Assert.StartsWith("SEARCH coupon_events USING INDEX", plan[1]);
    }
}
