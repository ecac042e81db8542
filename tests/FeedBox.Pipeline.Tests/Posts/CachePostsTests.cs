using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Pipeline.Posts;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.Posts;

public sealed class CachePostsTests
{
    private readonly MemoryPostCache _cache = new();
    private readonly MemoryUserTeam _userTeam = new();
    private readonly CachePosts _cachePosts;
    private readonly Post _post;

    public CachePostsTests()
    {
        _cachePosts = new(_cache, _userTeam);
        var now = new ManualTime().GetUtcNow();
        _post = new(Guid.CreateVersion7(), 1, 2, "title", "content", 1, now, now, null, new(InspectionState.Approved, ["tag"], null, now));
    }

    [Fact]
    public async Task A_written_post_has_its_names_looked_up_before_a_reader_comes()
    {
        await HandleAsync(PostEvents.Created(_post));
        await HandleAsync(PostEvents.Updated(_post with { Version = 2 }));
        Assert.Equal(2, _userTeam.NameLookups);
    }

    [Fact]
    public async Task An_approved_post_is_in_the_cache_with_its_text_and_tags()
    {
        await HandleAsync(Approved(1));
        var cached = await FindAsync();
        Assert.Equal((1, "title", "content", 1, 2), (cached!.Version, cached.Post!.Title, cached.Post.Content, cached.Post.AuthorId, cached.Post.CategoryId));
        Assert.Equal(["tag"], cached.Post.Tags);
    }

    [Fact, Trait("Weakness", "H18")]
    public async Task H18_what_is_not_approved_is_never_cached_and_what_was_deleted_stays_a_tombstone()
    {
        await HandleAsync(PostEvents.Created(_post));
        Assert.Null(await FindAsync());

        await HandleAsync(Approved(1));
        var deleted = _post with { Version = 2, DeletedAt = _post.UpdatedAt };
        await HandleAsync(PostEvents.Deleted(deleted));
        Assert.Equal(new CachedPost(2, null), await FindAsync());

        await HandleAsync(Approved(1));
        Assert.Equal(new CachedPost(2, null), await FindAsync());
    }

    [Fact, Trait("Weakness", "H18")]
    public async Task H18_a_rejected_edit_takes_the_text_out_of_the_cache()
    {
        await HandleAsync(Approved(1));
        await HandleAsync(PostEvents.Withdrawn(_post with { Version = 2 }, "rejected", _post.UpdatedAt));
        Assert.Equal(new CachedPost(2, null), await FindAsync());
    }

    [Fact]
    public async Task Unknown_event_types_are_ignored_and_unknown_schemas_refused()
    {
        var approved = Approved(1).Event;
        await _cachePosts.HandleAsync(approved with { Type = "post.pinned" }, default);
        await Assert.ThrowsAsync<PermanentFailureException>(() => _cachePosts.HandleAsync(approved with { Schema = 2 }, default));
        Assert.Null(await FindAsync());
    }

    private OutboundEvent Approved(int version) => PostEvents.Approved(_post with { Version = version }, "여행", first: true, _post.UpdatedAt);

    private Task HandleAsync(OutboundEvent e) => _cachePosts.HandleAsync(e.Event, default);

    private async Task<CachedPost?> FindAsync() => (await _cache.GetAsync([_post.Id], default)).GetValueOrDefault(_post.Id);
}
