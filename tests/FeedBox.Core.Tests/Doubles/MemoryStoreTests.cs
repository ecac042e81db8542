using FeedBox.Core.AccessLog;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.PortContracts.AccessLog;
using FeedBox.PortContracts.DeadLetters;
using FeedBox.PortContracts.Events;
using FeedBox.PortContracts.Idempotency;
using FeedBox.PortContracts.Inbox;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Doubles;

// The doubles that other tests trust keep the same promises as the adapters.

public sealed class MemoryEventLogTests : EventLogContract
{
    protected override IEventLog Log { get; } = new MemoryEventLog();
}

public sealed class MemoryAccessLogStoreTests : AccessLogStoreContract
{
    protected override IAccessLogStore Store { get; } = new MemoryAccessLogStore();
}

public sealed class MemoryInboxStoreTests : InboxStoreContract
{
    protected override IInboxStore Inbox { get; } = new MemoryInboxStore();
}

public sealed class MemoryDeadLetterStoreTests : DeadLetterStoreContract
{
    protected override IDeadLetterStore Letters { get; } = new MemoryDeadLetterStore();
}

public sealed class MemoryFailedPublicationsTests : FailedPublicationsContract
{
    protected override IFailedPublications Publications { get; } = new MemoryFailedPublications();
}

public sealed class MemoryIdempotencyStoreTests : IdempotencyStoreContract
{
    protected override IIdempotencyStore Store { get; } = new MemoryIdempotencyStore();
}
