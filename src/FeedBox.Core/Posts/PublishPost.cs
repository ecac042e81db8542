using FeedBox.Core.Inspection;

namespace FeedBox.Core.Posts;

/// <summary>What an author sends.</summary>
public sealed record PostDraft(string? Title, string? Content, long? CategoryId)
{
    public (string Title, string Content, long CategoryId) Validate() => (
        UserText.Require(Title, "title", Post.MaxTitleLength),
        UserText.Require(Content, "content", Post.MaxContentLength),
        CategoryId is > 0 and var id ? id : throw FeedBoxException.Invalid("category-required", "categoryId must be a positive number."));
}

/// <summary>Stores a new post as pending. Whether its category exists is the inspection's question, so that publishing needs nobody else.</summary>
public sealed class PublishPost(IPostStore posts, TimeProvider time)
{
    /// <param name="id">The operation's id: a repeated request finds the post it made the first time.</param>
    public Task<Post> ExecuteAsync(Guid id, long author, PostDraft draft, CancellationToken cancellationToken)
    {
        var (title, content, category) = draft.Validate();
        var now = time.GetUtcNow();
        var post = new Post(id, author, category, title, content, Version: 1, now, now, DeletedAt: null, PostInspection.Pending);
        return posts.InsertAsync(post, [PostEvents.Created(post)], cancellationToken);
    }
}
