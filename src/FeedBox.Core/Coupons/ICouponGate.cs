namespace FeedBox.Core.Coupons;

public enum GateAnswer { Accepted, AlreadyRequested, SoldOut, NotLoaded }

/// <param name="Sequence">With <see cref="GateAnswer.Accepted"/> the place taken; otherwise 0.</param>
public readonly record struct GateDecision(GateAnswer Answer, int Sequence);

/// <summary>
/// Decides who is among the first, in one atomic step and without touching a database. It is a cache of what is durable
/// (issued coupons and requests still on the log) and may forget everything at any time: it then answers
/// <see cref="GateAnswer.NotLoaded"/> until it is loaded again. What it knows of an event never expires before the event is over.
/// </summary>
public interface ICouponGate
{
    /// <summary>
    /// Duplicate first, then stock: a user who was accepted hears <see cref="GateAnswer.AlreadyRequested"/> ever after,
    /// a user who came too late hears <see cref="GateAnswer.SoldOut"/> ever after.
    /// </summary>
    ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, int limit, CancellationToken cancellationToken);

    /// <summary>Fills the gate for an event; when another caller has filled it meanwhile, nothing changes.</summary>
    ValueTask LoadAsync(Guid eventId, IReadOnlyCollection<(long UserId, int Sequence)> accepted, CancellationToken cancellationToken);

    /// <summary>Gives a reserved place back: only for a request that certainly is not on the log.</summary>
    ValueTask ReleaseAsync(Guid eventId, long userId, CancellationToken cancellationToken);

    /// <summary>How many places are taken; null when the gate is not loaded for the event.</summary>
    ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken);
}
