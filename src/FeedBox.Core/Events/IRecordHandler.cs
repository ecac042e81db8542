namespace FeedBox.Core.Events;

/// <summary>
/// A consumer of records as they are, of every group's replays too, and whether they are events or not. Called like an <see cref="IEventHandler"/>,
/// but nothing is ever given up: whatever it throws, the record is tried again until it is handled.
/// </summary>
public interface IRecordHandler
{
    string Group { get; }
    IReadOnlyList<string> Topics { get; }
    Task HandleAsync(LogRecord record, CancellationToken cancellationToken);
}
