namespace FeedBox.Core.Coupons;

public enum GateAnswer { Reserved, AlreadyRequested, SoldOut, NotLoaded }

/// <param name="Sequence">With <see cref="GateAnswer.Reserved"/> the place, from 1; otherwise 0.</param>
/// <param name="Generation">With <see cref="GateAnswer.Reserved"/> the generation the gate was loaded as; otherwise 0.</param>
public readonly record struct GateDecision(GateAnswer Answer, int Sequence = 0, int Generation = 0);

/// <summary>Confirmed for the first caller, AlreadyConfirmed for later ones, Lost when the gate has forgotten the place or was loaded anew.</summary>
public enum GateConfirmation { Confirmed, AlreadyConfirmed, Lost }

/// <summary>A place whose request may not have been published.</summary>
public sealed record UnconfirmedPlace(Guid EventId, long UserId, int Sequence, int Generation);

/// <summary>
/// Decides who is among the first, each call one atomic step that touches no database. A place is reserved, its request published,
/// and then it is confirmed; a place is never given back, because its request may be on the log: it is carried through instead.
/// The gate is a cache of what is durable and may forget an event wholly (never partly) at any time: it then answers
/// <see cref="GateAnswer.NotLoaded"/> until it is loaded again. It forgets nothing by age before the event is over.
/// </summary>
public interface ICouponGate
{
    /// <summary>
    /// Duplicate first, then stock. A user with an unconfirmed place is given the same place again; one with a confirmed place hears
    /// <see cref="GateAnswer.AlreadyRequested"/> ever after; one who came too late hears <see cref="GateAnswer.SoldOut"/> ever after.
    /// When it throws, the place may be taken.
    /// </summary>
    ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Says that the request for the place is published.</summary>
    ValueTask<GateConfirmation> ConfirmAsync(Guid eventId, long userId, int generation, CancellationToken cancellationToken);

    /// <summary>
    /// Marks the event as being loaded as this generation, over a mark of the same or an older one.
    /// False when the event is loaded, or a newer generation is being loaded.
    /// </summary>
    ValueTask<bool> BeginLoadAsync(Guid eventId, int generation, CancellationToken cancellationToken);

    /// <summary>Opens the gate with the holders as confirmed places. Without effect unless the event's mark is still of this generation.</summary>
    ValueTask LoadAsync(Guid eventId, int generation, int limit, IReadOnlyCollection<CouponHolder> holders, CancellationToken cancellationToken);

    /// <summary>How many places are taken; null when the event is not loaded.</summary>
    ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken);

    /// <summary>Unconfirmed places of all events that were reserved before the given time.</summary>
    ValueTask<IReadOnlyList<UnconfirmedPlace>> ListUnconfirmedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
