using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Operations;
using FeedBox.Core.Resilience;
using FeedBox.Pipeline.Consuming;

namespace FeedBox.Pipeline.Operations;

internal sealed class PipelineStatusReader(
    Consumers consumers, IEventLog log, IOutbox outbox, IDeadLetterStore letters, IEnumerable<IBreakerStates> breakers) : IPipelineStatus
{
    public async Task<PipelineStatus> ReadAsync(CancellationToken cancellationToken)
    {
        var before = await LagAsync(cancellationToken);
        var depth = await outbox.DepthAsync(cancellationToken);
        // What left the outbox between the two reads has moved an end: it is seen by comparing them.
        var lags = await LagAsync(cancellationToken);
        var groups = consumers.Statuses.Select(status => new GroupStatus(
            status.Group, status.Topics, lags[status.Group].Sum(partition => partition.Lag), status.InFlight, status.Retrying,
            status.PausedUntil, status.PausedBy, status.Handled, status.Retries, status.DeadLetters)).ToList();

        var stands = lags.All(group => group.Value.Select(partition => partition.End).SequenceEqual(before[group.Key].Select(partition => partition.End)));
        var drained = stands && depth == 0 && groups.All(group => group is { Lag: 0, InFlight: 0, Retrying: 0 });
        return new(depth, groups, await letters.CountAsync(cancellationToken), Breakers(), drained);
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
