using FeedBox.Core.Events;

namespace FeedBox.Core.DeadLetters;

/// <param name="Id">Made from the place and group of the failure and the time of the last one: ids are in the order of their failures.</param>
/// <param name="Message">The original message as it was on its topic.</param>
/// <param name="Replays">How often it was replayed before this failure.</param>
public sealed record DeadLetter(Guid Id, LogMessage Message, DeadLetterCause Cause, int Replays, DateTimeOffset FiledAt);

/// <summary>
/// Dead letters that wait for an operator, oldest failure first. Everything is durable on return.
/// A letter is what one group could not handle at one place (topic, partition, offset), however often it is delivered.
/// </summary>
public interface IDeadLetterStore
{
    /// <summary>A letter that is there already, or was there and has been removed, is ignored; also when its last failure was another time.</summary>
    Task AddAsync(DeadLetter letter, CancellationToken cancellationToken);

    Task<DeadLetter?> FindAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Those after the given one, oldest first.</summary>
    Task<IReadOnlyList<DeadLetter>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken);

    /// <summary>False when it is not there any more.</summary>
    Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken);

    Task<long> CountAsync(CancellationToken cancellationToken);
}
