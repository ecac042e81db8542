using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.Search;
using FeedBox.Pipeline.Search;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.Search;

public sealed class IndexPostsTests
{
    private readonly RecordingIndex _index = new();
    private readonly IndexPosts _indexPosts;
    private readonly Post _post;

    public IndexPostsTests()
    {
        _indexPosts = new(_index);
        var now = new ManualTime().GetUtcNow();
        _post = new(Guid.CreateVersion7(), 1, 2, "title", "content", 1, now, now, null, new(InspectionState.Approved, ["tag"], null, now));
    }

    [Fact, Trait("Weakness", "H28")]
    public async Task H28_only_what_is_approved_is_indexed()
    {
        await HandleAsync(PostEvents.Created(_post));
        await HandleAsync(PostEvents.Updated(_post with { Version = 2 }));
        Assert.Empty(_index.Writes);
        Assert.Equal([Topics.PostInspected], _indexPosts.Topics);

        await HandleAsync(Approved(2));
        await HandleAsync(PostEvents.Withdrawn(_post with { Version = 3 }, "deleted", _post.UpdatedAt));
        Assert.Empty((await _index.SearchAsync(new("title", null, null, null, 10), default)).Items);
    }

    [Fact, Trait("Weakness", "H26")]
    public async Task H26_an_update_is_one_versioned_write_without_a_removal()
    {
        await HandleAsync(Approved(1));
        await HandleAsync(PostEvents.Approved(_post with { Version = 2, Title = "changed" }, "여행", first: false, _post.UpdatedAt));
        Assert.Equal(["put 1", "put 2"], _index.Writes);

        await HandleAsync(Approved(1));
        Assert.Equal("changed", Assert.Single((await _index.SearchAsync(new("changed", null, null, null, 10), default)).Items).Title.Text);
    }

    [Fact]
    public async Task The_document_is_made_of_the_event_alone()
    {
        await HandleAsync(Approved(1));
        Assert.Equal((_post.Id, 1L, 2L, "여행", "title", "content"),
            (_index.Last!.PostId, _index.Last.AuthorId, _index.Last.CategoryId, _index.Last.CategoryName, _index.Last.Title, _index.Last.Content));
        Assert.Equal(["tag"], _index.Last.Tags);
    }

    [Fact]
    public async Task Unknown_event_types_are_ignored_and_unknown_schemas_refused()
    {
        var approved = Approved(1).Event;
        await _indexPosts.HandleAsync(approved with { Type = "post.pinned" }, default);
        await Assert.ThrowsAsync<PermanentFailureException>(() => _indexPosts.HandleAsync(approved with { Schema = 2 }, default));
        Assert.Empty(_index.Writes);
    }

    private OutboundEvent Approved(int version) => PostEvents.Approved(_post with { Version = version }, "여행", first: true, _post.UpdatedAt);

    private Task HandleAsync(OutboundEvent e) => _indexPosts.HandleAsync(e.Event, default);

    private sealed class RecordingIndex : ISearchIndex
    {
        private readonly MemorySearchIndex _index = new();

        public List<string> Writes { get; } = [];
        public SearchDocument? Last { get; private set; }

        public Task PutAsync(SearchDocument document, CancellationToken cancellationToken)
        {
            Writes.Add($"put {document.Version}");
            Last = document;
            return _index.PutAsync(document, cancellationToken);
        }

        public Task RemoveAsync(Guid postId, int version, CancellationToken cancellationToken)
        {
            Writes.Add($"remove {version}");
            return _index.RemoveAsync(postId, version, cancellationToken);
        }

        public Task<Page<SearchHit>> SearchAsync(SearchQuery query, CancellationToken cancellationToken) => _index.SearchAsync(query, cancellationToken);
    }
}
