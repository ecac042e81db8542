using FeedBox.Core.Events;

namespace FeedBox.Core.Posts;

/// <summary>The events a post gives rise to; each is stored in the transaction of its write.</summary>
public static class PostEvents
{
    public static OutboundEvent Created(Post post) => Changed(EventTypes.PostCreated, post);

    public static OutboundEvent Updated(Post post) => Changed(EventTypes.PostUpdated, post);

    public static OutboundEvent Deleted(Post post) =>
        new(Topics.PostOriginal, EventCodec.Create(
            EventTypes.PostDeleted, Key(post.Id), new(post.Id, post.Version, post.AuthorId), EventJson.Default.PostDeleted, post.UpdatedAt));

    public static OutboundEvent Approved(Post post, string? categoryName, bool first, DateTimeOffset now) =>
        new(Topics.PostInspected, EventCodec.Create(
            EventTypes.PostApproved, Key(post.Id),
            new(post.Id, post.Version, first, post.AuthorId, post.CategoryId, categoryName, post.Title, post.Content,
                post.Inspection.Tags, post.CreatedAt, post.UpdatedAt),
            EventJson.Default.PostApproved, now));

    public static OutboundEvent Withdrawn(Post post, string reason, DateTimeOffset now) =>
        new(Topics.PostInspected, EventCodec.Create(
            EventTypes.PostWithdrawn, Key(post.Id), new(post.Id, post.Version, reason), EventJson.Default.PostWithdrawn, now));

    public static string Key(Guid postId) => postId.ToString();

    private static OutboundEvent Changed(string type, Post post) =>
        new(Topics.PostOriginal, EventCodec.Create(
            type, Key(post.Id), new(post.Id, post.Version, post.AuthorId, post.CategoryId), EventJson.Default.PostChanged, post.UpdatedAt));
}
