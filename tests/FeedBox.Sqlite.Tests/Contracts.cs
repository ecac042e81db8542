using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.PortContracts.Events;
using FeedBox.PortContracts.Idempotency;
using FeedBox.PortContracts.Inbox;
using FeedBox.PortContracts.Posts;
using FeedBox.PortContracts.UserTeam;
using FeedBox.Sqlite.Events;
using FeedBox.Sqlite.Idempotency;
using FeedBox.Sqlite.Inbox;
using FeedBox.Sqlite.Posts;
using FeedBox.Sqlite.UserTeam;

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
}

public sealed class SqliteNameStoreTests : NameStoreContract, IDisposable
{
    private readonly TestDatabase _file = new();

    protected override INameStore Names => field ??= new SqliteNameStore(_file.Database);

    public void Dispose() => _file.Dispose();
}
