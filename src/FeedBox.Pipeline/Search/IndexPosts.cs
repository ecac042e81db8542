using FeedBox.Core.Events;
using FeedBox.Core.Search;

namespace FeedBox.Pipeline.Search;

/// <summary>Keeps the index equal to what is published: one versioned write per event, never a removal followed by an addition.</summary>
public sealed class IndexPosts(ISearchIndex index) : IEventHandler
{
    public string Group => ConsumerGroups.PostIndexing;
    public IReadOnlyList<string> Topics { get; } = [Core.Events.Topics.PostInspected];

    public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => e.Type switch
    {
        EventTypes.PostApproved => PutAsync(EventCodec.ReadData(e, EventJson.Default.PostApproved), cancellationToken),
        EventTypes.PostWithdrawn => RemoveAsync(EventCodec.ReadData(e, EventJson.Default.PostWithdrawn), cancellationToken),
        _ => Task.CompletedTask,
    };

    private Task PutAsync(PostApproved post, CancellationToken cancellationToken) =>
        index.PutAsync(new(
            post.PostId, post.Version, post.AuthorId, post.CategoryId, post.CategoryName, post.Title, post.Content, post.Tags, post.CreatedAt),
            cancellationToken);

    private Task RemoveAsync(PostWithdrawn post, CancellationToken cancellationToken) =>
        index.RemoveAsync(post.PostId, post.Version, cancellationToken);
}
