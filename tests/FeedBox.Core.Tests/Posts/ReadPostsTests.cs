using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Posts;

public sealed class ReadPostsTests
{
    [Fact]
    public async Task A_cache_that_does_not_answer_costs_no_post()
    {
        var now = DateTimeOffset.UtcNow;
        var store = new MemoryPostStore();
        var post = await store.InsertAsync(new(Guid.CreateVersion7(), 1, 2, "제목", "내용", 1, now, now, null, PostInspection.Pending), [], default);
        await store.ReplaceAsync(post, post with { PublishedVersion = 1, Inspection = new(InspectionState.Approved, [], null, now) }, [], default);

        var read = await new ReadPosts(store, new SilentCache(), new MemoryUserTeam()).GetAsync(post.Id, reader: 9, default);

        Assert.Equal("제목", read.Title);
    }

    private sealed class SilentCache : IPostCache
    {
        private static readonly DependencyUnavailableException Silence = new("cache", TimeSpan.FromSeconds(1));

        public ValueTask<IReadOnlyDictionary<Guid, CachedPost>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken) => throw Silence;
        public ValueTask PutAsync(IReadOnlyCollection<PublishedPost> posts, CancellationToken cancellationToken) => throw Silence;
        public ValueTask RemoveAsync(Guid id, int version, CancellationToken cancellationToken) => throw Silence;
    }
}
