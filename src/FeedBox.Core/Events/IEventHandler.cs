namespace FeedBox.Core.Events;

/// <summary>
/// One consumer. Called for one event of a key at a time and in order, for different keys in parallel, at least once an event:
/// the effect must be idempotent. Throwing <see cref="PermanentFailureException"/> dead-letters at once,
/// <see cref="DependencyUnavailableException"/> pauses the group, anything else is retried.
/// </summary>
public interface IEventHandler
{
    string Group { get; }
    IReadOnlyList<string> Topics { get; }
    Task HandleAsync(FeedEvent e, CancellationToken cancellationToken);
}
