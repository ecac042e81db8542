using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Operations;
using FeedBox.Core.Resilience;
using FeedBox.Pipeline.Consuming;

namespace FeedBox.Pipeline.Operations;

internal sealed class PipelineStatusReader(
    Consumers consumers, IEventLog log, IOutbox outbox, ICouponGate gate, IDeadLetterStore letters, IEnumerable<IBreakerStates> breakers) : IPipelineStatus
{
    private const int MaxPlaces = 100;

    public async Task<PipelineStatus> ReadAsync(CancellationToken cancellationToken)
    {
        // Work moves from the gate and the outbox to the log, and from the log to the outbox again. Between two looks at a log that is
        // handled to the same end, none of it moved; the gate comes first, because what left the outbox after it would have moved an end.
        var before = await LagAsync(cancellationToken);
        var places = await CountUnconfirmedAsync(cancellationToken);
        var depth = await outbox.DepthAsync(cancellationToken);
        var lags = await LagAsync(cancellationToken);
        var groups = consumers.Statuses.Select(status => new GroupStatus(
            status.Group, status.Topics, lags[status.Group].Sum(partition => partition.Lag), status.InFlight, status.Retrying,
            status.PausedUntil, status.PausedBy, status.Handled, status.Retries, status.DeadLetters)).ToList();

        var drained = places == 0 && depth == 0
            && groups.All(group => group is { InFlight: 0, Retrying: 0 })
            && lags.All(group => group.Value.Count > 0 && group.Value.All(partition => partition.Lag == 0) && group.Value.SequenceEqual(before[group.Key]));
        return new(depth, places, groups, await letters.CountAsync(cancellationToken), Breakers(), drained);
    }

    private async Task<int?> CountUnconfirmedAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await gate.ListUnconfirmedAsync(before: DateTimeOffset.MaxValue, MaxPlaces, cancellationToken)).Count;
        }
        catch (DependencyUnavailableException)
        {
            return null; // the rest is worth telling all the more
        }
    }

    private async Task<Dictionary<string, IReadOnlyList<PartitionLag>>> LagAsync(CancellationToken cancellationToken)
    {
        var lags = new Dictionary<string, IReadOnlyList<PartitionLag>>();
        foreach (var status in consumers.Statuses)
            lags[status.Group] = await log.LagAsync(status.Group, status.Topics, cancellationToken);
        return lags;
    }

    private IReadOnlyList<BreakerStatus> Breakers() =>
        [.. breakers.SelectMany(states => states.Read()).Select(breaker => new BreakerStatus($"{breaker.Dependency}/{breaker.Endpoint}", breaker.State))];
}
