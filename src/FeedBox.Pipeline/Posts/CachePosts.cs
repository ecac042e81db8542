using FeedBox.Core.Events;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;

namespace FeedBox.Pipeline.Posts;

/// <summary>Fills the read path ahead of its readers: names as soon as a post is written, its text as soon as it is approved.</summary>
public sealed class CachePosts(IPostCache cache, INameDirectory names) : IEventHandler
{
    public string Group => ConsumerGroups.PostCaching;
    public IReadOnlyList<string> Topics { get; } = [Core.Events.Topics.PostOriginal, Core.Events.Topics.PostInspected];

    public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => e.Type switch
    {
        EventTypes.PostCreated or EventTypes.PostUpdated =>
            WarmNamesAsync(EventCodec.ReadData(e, EventJson.Default.PostChanged), cancellationToken),
        EventTypes.PostApproved => PutAsync(EventCodec.ReadData(e, EventJson.Default.PostApproved), cancellationToken),
        EventTypes.PostWithdrawn => RemoveAsync(EventCodec.ReadData(e, EventJson.Default.PostWithdrawn), cancellationToken),
        EventTypes.PostDeleted => RemoveAsync(EventCodec.ReadData(e, EventJson.Default.PostDeleted), cancellationToken),
        _ => Task.CompletedTask,
    };

    private Task WarmNamesAsync(PostChanged post, CancellationToken cancellationToken) =>
        names.GetNamesAsync([post.AuthorId], [post.CategoryId], cancellationToken).AsTask();

    private Task PutAsync(PostApproved post, CancellationToken cancellationToken) =>
        cache.PutAsync(
        [
            new(post.PostId, post.Version, post.AuthorId, post.CategoryId, post.Title, post.Content, post.Tags, post.CreatedAt, post.UpdatedAt),
        ], cancellationToken).AsTask();

    private Task RemoveAsync(PostWithdrawn post, CancellationToken cancellationToken) =>
        cache.RemoveAsync(post.PostId, post.Version, cancellationToken).AsTask();

    private Task RemoveAsync(PostDeleted post, CancellationToken cancellationToken) =>
        cache.RemoveAsync(post.PostId, post.Version, cancellationToken).AsTask();
}
