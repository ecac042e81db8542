using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.PortContracts.Idempotency;
using FeedBox.PortContracts.Inbox;
using FeedBox.Testing;

namespace FeedBox.Http.Tests;

// What these tests stand on keeps the same promises as the adapters.

public sealed class MemoryInboxStoreTests : InboxStoreContract
{
    protected override IInboxStore Inbox { get; } = new MemoryInboxStore();
}

public sealed class MemoryIdempotencyStoreTests : IdempotencyStoreContract
{
    protected override IIdempotencyStore Store { get; } = new MemoryIdempotencyStore();
}
