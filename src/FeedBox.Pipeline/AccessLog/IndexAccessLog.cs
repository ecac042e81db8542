using FeedBox.Core.AccessLog;
using FeedBox.Core.Events;

namespace FeedBox.Pipeline.AccessLog;

/// <summary>Makes answered requests searchable.</summary>
public sealed class IndexAccessLog(IAccessLogStore store) : IEventHandler
{
    public string Group => ConsumerGroups.AccessLog;
    public IReadOnlyList<string> Topics { get; } = [Core.Events.Topics.AccessLog];

    public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => e.Type switch
    {
        EventTypes.RequestAnswered => store.AddAsync(EventCodec.ReadData(e, EventJson.Default.AccessLogEntry), cancellationToken),
        _ => Task.CompletedTask,
    };
}
