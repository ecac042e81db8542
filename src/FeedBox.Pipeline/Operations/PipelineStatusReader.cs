using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Operations;
using FeedBox.Core.Resilience;
using FeedBox.Pipeline.Consuming;

namespace FeedBox.Pipeline.Operations;

internal sealed class PipelineStatusReader(
    Consumers consumers, IEventLog log, IOutbox outbox, ICouponGate gate, IDeadLetterStore letters, IEnumerable<IBreakerStates> breakers,
    TimeProvider time, IFailedPublications? publications = null) : IPipelineStatus
{
    private const int MaxPlaces = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <exception cref="DependencyUnavailableException">One of those asked does not answer in time.</exception>
    public async Task<PipelineStatus> ReadAsync(CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            return await MeasureAsync(given.Token).WaitAsync(given.Token);
        }
        catch (OperationCanceledException e) when (late.IsCancellationRequested)
        {
            throw new DependencyUnavailableException("pipeline", RetryAfter, e);
        }
    }

    private async Task<PipelineStatus> MeasureAsync(CancellationToken cancellationToken)
    {
        // Work moves from the gate, by way of the failed publications, and from the outbox to the log, and from the log to the outbox again.
        // Between two looks at a log that is handled to the same end, none of it arrived; who gives is looked at before who takes.
        var before = await LagAsync(cancellationToken);
        var places = await CountUnconfirmedAsync(cancellationToken);
        var failed = publications is null ? 0 : await publications.CountAsync(cancellationToken);
        var depth = await outbox.DepthAsync(cancellationToken);
        var lags = await LagAsync(cancellationToken);
        var groups = consumers.Statuses.Select(status => new GroupStatus(
            status.Group, status.Topics, lags[status.Group].Sum(partition => partition.Lag), status.InFlight, status.Retrying,
            status.PausedUntil, status.PausedBy, status.Handled, status.Retries, status.DeadLetters)).ToList();

        var drained = places == 0 && failed == 0 && depth == 0
            && groups.All(group => group is { InFlight: 0, Retrying: 0 } || ConsumerGroups.IsTelemetry(group.Group))
            && lags.All(group => ConsumerGroups.IsTelemetry(group.Key) || (group.Value.Count > 0
                && group.Value.All(partition => partition.Lag == 0) && group.Value.SequenceEqual(before[group.Key])));
        return new(depth, places, failed, groups, await letters.CountAsync(cancellationToken), Breakers(), drained);
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
        var statuses = consumers.Statuses;
        var lags = await Task.WhenAll(statuses.Select(status => log.LagAsync(status.Group, status.Topics, cancellationToken)));
        return statuses.Zip(lags).ToDictionary(pair => pair.First.Group, pair => pair.Second);
    }

    private IReadOnlyList<BreakerStatus> Breakers() =>
        [.. breakers.SelectMany(states => states.Read()).Select(breaker => new BreakerStatus($"{breaker.Dependency}/{breaker.Endpoint}", breaker.State))];
}
