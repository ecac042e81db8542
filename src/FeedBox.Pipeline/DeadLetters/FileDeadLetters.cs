using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;

namespace FeedBox.Pipeline.DeadLetters;

/// <summary>Files what consumers gave up, for operators to look at. Its topics are those of all consumers; its own have no dead-letter topic.</summary>
public sealed class FileDeadLetters(IDeadLetterStore letters, IEnumerable<IEventHandler> handlers, TimeProvider time) : IRecordHandler
{
    public string Group => ConsumerGroups.DeadLetters;

    public IReadOnlyList<string> Topics { get; } =
    [
        .. handlers.SelectMany(handler => handler.Topics).Select(Core.Events.Topics.DeadLetter)
            .Union(Core.Events.Topics.All.Where(topic => topic.EndsWith(Core.Events.Topics.DeadLetterSuffix, StringComparison.Ordinal))),
    ];

    public Task HandleAsync(LogRecord record, CancellationToken cancellationToken) =>
        letters.AddAsync(DeadLetterHeaders.Unwrap(record, time.GetUtcNow()), cancellationToken);
}
