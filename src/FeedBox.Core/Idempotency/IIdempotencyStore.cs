namespace FeedBox.Core.Idempotency;

/// <summary>The first answer to a request, as it is given again.</summary>
public sealed record StoredAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body);

public abstract record IdempotencyClaim
{
    /// <summary>
    /// Go on. Whatever the request creates takes <paramref name="OperationId"/> as its id, so that a retry after a crash
    /// between the write and the stored answer creates nothing a second time.
    /// </summary>
    public sealed record Granted(Guid OperationId) : IdempotencyClaim;

    public sealed record Answered(StoredAnswer Answer) : IdempotencyClaim;

    /// <summary>The same request is under way.</summary>
    public sealed record Busy : IdempotencyClaim;

    /// <summary>The key was used for another request.</summary>
    public sealed record Mismatch : IdempotencyClaim;
}

/// <summary>Remembers the first answer of each (caller, key) for 24 hours.</summary>
public interface IIdempotencyStore
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>How long an unanswered claim keeps others out; afterwards the next claimer gets the same operation id.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>One claimer at a time is granted; durable on return.</summary>
    /// <param name="fingerprint">Hash of method, path and body.</param>
    Task<IdempotencyClaim> ClaimAsync(long caller, string key, string fingerprint, DateTimeOffset now, CancellationToken cancellationToken);

    Task AnswerAsync(long caller, string key, StoredAnswer answer, CancellationToken cancellationToken);

    /// <summary>Gives the claim back after a failure that is worth another try (a 5xx); the operation id stays.</summary>
    Task ReleaseAsync(long caller, string key, CancellationToken cancellationToken);
}
