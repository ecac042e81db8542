using FeedBox.Core.Inspection;

namespace FeedBox.Core.Posts;

/// <summary>An author's post. <see cref="Version"/> counts the author's writes (1 at creation, +1 per update and for the deletion).</summary>
public sealed record Post(
    Guid Id, long AuthorId, long CategoryId, string Title, string Content, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? DeletedAt,
    PostInspection Inspection)
{
    public const int MaxTitleLength = 100;
    public const int MaxContentLength = 5_000;

    /// <summary>
    /// The version others see: the last approved one, null when there is none, when a later version was rejected, or when deleted.
    /// While an edit waits for its inspection, the approved version before it stays visible.
    /// </summary>
    public int? PublishedVersion { get; init; }

    public bool IsDeleted => DeletedAt is not null;
}

/// <summary>The approved text of a post, as everyone but its author sees it.</summary>
public sealed record PublishedPost(
    Guid Id, int Version, long AuthorId, long CategoryId, string Title, string Content,
    IReadOnlyList<string> Tags, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);
