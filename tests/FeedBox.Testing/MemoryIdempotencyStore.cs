using FeedBox.Core.Idempotency;

namespace FeedBox.Testing;

/// <summary><see cref="IIdempotencyStore"/> in memory.</summary>
public sealed class MemoryIdempotencyStore : IIdempotencyStore
{
    private sealed record Entry(Guid OperationId, string Fingerprint, DateTimeOffset ClaimedAt, DateTimeOffset? LeasedUntil, StoredAnswer? Answer);

    private readonly Lock _gate = new();
    private readonly Dictionary<(long, string), Entry> _entries = [];

    public Task<IdempotencyClaim> ClaimAsync(long caller, string key, string fingerprint, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var known = _entries.GetValueOrDefault((caller, key)) is { } entry && now - entry.ClaimedAt < IIdempotencyStore.KeptFor ? entry : null;
            if (known is not null && known.Fingerprint != fingerprint)
                return Task.FromResult<IdempotencyClaim>(new IdempotencyClaim.Mismatch());
            if (known?.Answer is { } answer)
                return Task.FromResult<IdempotencyClaim>(new IdempotencyClaim.Answered(answer));
            if (known?.LeasedUntil > now)
                return Task.FromResult<IdempotencyClaim>(new IdempotencyClaim.Busy());
            known ??= new(Guid.CreateVersion7(now), fingerprint, now, null, null);
            _entries[(caller, key)] = known with { LeasedUntil = now + IIdempotencyStore.Lease };
            return Task.FromResult<IdempotencyClaim>(new IdempotencyClaim.Granted(known.OperationId));
        }
    }

    public Task AnswerAsync(long caller, string key, StoredAnswer answer, CancellationToken cancellationToken)
    {
        lock (_gate)
            _entries[(caller, key)] = _entries[(caller, key)] with { Answer = answer };
        return Task.CompletedTask;
    }

    public Task ReleaseAsync(long caller, string key, CancellationToken cancellationToken)
    {
        lock (_gate)
            _entries[(caller, key)] = _entries[(caller, key)] with { LeasedUntil = null };
        return Task.CompletedTask;
    }
}
