namespace FeedBox.Core.Operations;

/// <param name="Lag">Records behind, over all topics; of the whole group.</param>
/// <param name="InFlight">Handlers running in this process.</param>
/// <param name="Retrying">Keys waiting for their retry in this process.</param>
/// <param name="PausedBy">The dependency that answers nobody, while the group is paused for it.</param>
/// <param name="Handled">Finished by this process since its start: handled, skipped or dead-lettered.</param>
/// <param name="DeadLetters">Written to the dead-letter topics by this process since its start.</param>
public sealed record GroupStatus(
    string Group, IReadOnlyList<string> Topics, long Lag, int InFlight, int Retrying, DateTimeOffset? PausedUntil, string? PausedBy,
    long Handled, long Retries, long DeadLetters);

/// <param name="Name">The dependency and its endpoint.</param>
/// <param name="State">"closed", "half-open" or "open".</param>
public sealed record BreakerStatus(string Name, string State);

/// <param name="OutboxDepth">Committed events that are not on the log yet.</param>
/// <param name="UnconfirmedCoupons">Coupon places that are taken and whose request is not known to be published, counted up to 100; null while the gate does not answer.</param>
/// <param name="FailedPublications">Events without an outbox that wait to be given to the log.</param>
/// <param name="DeadLetters">Filed, and waiting for an operator.</param>
/// <param name="Drained">True when at one instant nothing was on its way anywhere: no unconfirmed coupon, no failed publication, outbox empty, no lag, nothing running or waiting for a retry; the access log does not count.</param>
public sealed record PipelineStatus(
    long OutboxDepth, int? UnconfirmedCoupons, long FailedPublications, IReadOnlyList<GroupStatus> Groups, long DeadLetters,
    IReadOnlyList<BreakerStatus> Breakers, bool Drained);

/// <summary>How far the work behind the API is, for operators: measured when asked, not remembered.</summary>
public interface IPipelineStatus
{
    Task<PipelineStatus> ReadAsync(CancellationToken cancellationToken);
}
