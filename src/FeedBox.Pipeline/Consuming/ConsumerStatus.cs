namespace FeedBox.Pipeline.Consuming;

/// <param name="Lag">Records behind, by topic, as last measured (see <see cref="ConsumerOptions.LagInterval"/>); of the whole group.</param>
/// <param name="InFlight">Handlers running in this process.</param>
/// <param name="Retrying">Keys waiting for their retry in this process.</param>
/// <param name="PausedBy">The dependency that answers nobody, while the group is paused for it.</param>
/// <param name="Handled">Finished since the start: handled, skipped or dead-lettered.</param>
public sealed record ConsumerStatus(
    string Group, IReadOnlyList<string> Topics, IReadOnlyDictionary<string, long> Lag, int InFlight, int Retrying, DateTimeOffset? PausedUntil, string? PausedBy,
    long Handled, long Retries, long DeadLetters);
