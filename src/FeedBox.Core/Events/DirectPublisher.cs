using System.Diagnostics.Metrics;

namespace FeedBox.Core.Events;

/// <summary><c>FeedBox:Publishing</c></summary>
public sealed record PublishingOptions
{
    public const string Section = "FeedBox:Publishing";

    /// <summary>How long the log may take before an event is kept elsewhere.</summary>
    public TimeSpan FailOverAfter { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>How often what was kept is given to the log.</summary>
    public TimeSpan RestoreInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>After so many a message that the log refuses is left for an operator. An outage is no refusal and may last.</summary>
    public int MaxRefusals { get; init; } = 10;
}

/// <param name="Restored">Taken by the log.</param>
/// <param name="Refused">By a log that answered; they stay where they are.</param>
public readonly record struct RestoredAll(int Restored, int Refused);

/// <summary>
/// Publishes events that have no outbox: to the log, or, when it does not answer in time, to the store of failed publications, from which
/// they are restored. An event may reach the log twice, and later than younger ones of its key: for readers who mind neither.
/// </summary>
/// <param name="failed">Null where log and store would be one.</param>
public sealed class DirectPublisher(IEventLog log, TimeProvider time, PublishingOptions options, IFailedPublications? failed = null)
{
    private const int Chunk = 500;
    private static readonly Counter<long> FailedOver =
        Telemetry.Meter.CreateCounter<long>("feedbox.publications.failed_over", description: "Events kept because the log did not take them in time");

    /// <summary>When it returns, the event is durable. When it throws, the log may have it all the same.</summary>
    /// <exception cref="DependencyUnavailableException">Neither log nor store takes it.</exception>
    public async Task PublishAsync(OutboundEvent outbound)
    {
        var message = EventCodec.Encode(outbound);
        if (failed is null)
        {
            await log.AppendAsync([message], CancellationToken.None);
            return;
        }
        try
        {
            await log.AppendAsync([message], CancellationToken.None).WaitAsync(options.FailOverAfter, time);
        }
        catch (Exception e) when (e is not PermanentFailureException)
        {
            await failed.KeepAsync(new(outbound.Event.Id, message), CancellationToken.None);
            FailedOver.Add(1);
        }
    }

    /// <summary>
    /// Gives the log what was kept before, the oldest first, each once in a call. What fails here stays where it is: nothing is kept anew.
    /// What was refused <see cref="PublishingOptions.MaxRefusals"/> times is left alone.
    /// </summary>
    /// <exception cref="DependencyUnavailableException">The log or the store does not answer; the rest waits for the next call.</exception>
    public Task<RestoredAll> RestoreAsync(CancellationToken cancellationToken) => RestoreAsync(options.MaxRefusals, cancellationToken);

    /// <summary>The same, and nothing is left alone, however often it was refused.</summary>
    /// <exception cref="DependencyUnavailableException">The log or the store does not answer; the rest waits for the next call.</exception>
    public Task<RestoredAll> RestoreRefusedAsync(CancellationToken cancellationToken) => RestoreAsync(int.MaxValue, cancellationToken);

    private async Task<RestoredAll> RestoreAsync(int maxRefusals, CancellationToken cancellationToken)
    {
        if (failed is null)
            return default;
        var (count, refused) = (0, 0);
        Guid? after = null;
        while (await failed.ListAsync(after, maxRefusals, Chunk, cancellationToken) is { Count: > 0 } page)
        {
            after = page[^1].Id;
            if (await IsTakenAsync(page, cancellationToken))
            {
                count += page.Count;
                continue;
            }
            foreach (var publication in page)
            {
                if (page.Count > 1 && await IsTakenAsync([publication], cancellationToken))
                {
                    count++;
                    continue;
                }
                await failed.CountRefusalAsync(publication.Id, cancellationToken);
                refused++;
            }
        }
        return new(count, refused);
    }

    private async Task<bool> IsTakenAsync(IReadOnlyList<FailedPublication> publications, CancellationToken cancellationToken)
    {
        try
        {
            await log.AppendAsync([.. publications.Select(publication => publication.Message)], cancellationToken);
        }
        catch (Exception e) when (e is not (DependencyUnavailableException or OperationCanceledException))
        {
            return false;
        }
        await failed!.RemoveAsync([.. publications.Select(publication => publication.Id)], cancellationToken);
        return true;
    }
}
