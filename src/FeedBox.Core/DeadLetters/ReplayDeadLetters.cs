using FeedBox.Core.Events;

namespace FeedBox.Core.DeadLetters;

/// <summary><c>FeedBox:DeadLetters</c></summary>
public sealed record DeadLetterOptions
{
    public const string Section = "FeedBox:DeadLetters";

    /// <summary>Replays of one message, over all its failures; after them it can only be discarded.</summary>
    public int MaxReplays { get; init; } = 5;
}

/// <param name="Replayed">Sent to their topics again.</param>
/// <param name="Refused">Left where they are, because they were replayed as often as is allowed.</param>
public sealed record ReplayedAll(long Replayed, long Refused);

/// <summary>
/// Sends dead letters to their topics again, for the group that could not handle them; only when an operator says so.
/// A letter is removed after its message is durable: a crash in between means a second replay, which handlers do not mind.
/// </summary>
public sealed class ReplayDeadLetters(IDeadLetterStore letters, IEventLog log, DeadLetterOptions options)
{
    private const int Chunk = 100;

    /// <exception cref="FeedBoxException">Code "dead-letter-not-found" or "replay-limit-reached".</exception>
    public async Task ReplayAsync(Guid id, CancellationToken cancellationToken)
    {
        var letter = await letters.FindAsync(id, cancellationToken)
            ?? throw FeedBoxException.NotFound("dead-letter-not-found", "There is no such dead letter.");
        if (!MayReplay(letter))
            throw FeedBoxException.Conflict(
                "replay-limit-reached", $"This message was replayed {letter.Replays} times and failed each time; it can only be discarded.");
        await SendAsync([letter], cancellationToken);
    }

    /// <summary>As many as there were when it began, so that what fails again meanwhile is not replayed in the same go.</summary>
    public async Task<ReplayedAll> ReplayAllAsync(CancellationToken cancellationToken)
    {
        var (replayed, refused) = (0L, 0L);
        Guid? after = null;
        for (var left = await letters.CountAsync(cancellationToken); left > 0;)
        {
            var found = await letters.ListAsync(after, (int)Math.Min(Chunk, left), cancellationToken);
            if (found.Count == 0)
                break;
            List<DeadLetter> chunk = [.. found.Where(MayReplay)];
            await SendAsync(chunk, cancellationToken);
            replayed += chunk.Count;
            refused += found.Count - chunk.Count;
            left -= found.Count;
            after = found[^1].Id;
        }
        return new(replayed, refused);
    }

    private bool MayReplay(DeadLetter letter) => letter.Replays < options.MaxReplays;

    private async Task SendAsync(IReadOnlyList<DeadLetter> chunk, CancellationToken cancellationToken)
    {
        if (chunk.Count == 0)
            return;
        await log.EnsureTopicsAsync([.. chunk.Select(letter => letter.Message.Topic).Distinct()], cancellationToken); // a day's topic may be gone
        await log.AppendAsync([.. chunk.Select(DeadLetterHeaders.Replay)], cancellationToken);
        await Task.WhenAll(chunk.Select(letter => letters.RemoveAsync(letter.Id, CancellationToken.None)));
    }
}
