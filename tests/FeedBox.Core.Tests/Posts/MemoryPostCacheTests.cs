using FeedBox.Core.Posts;
using FeedBox.PortContracts.Posts;

namespace FeedBox.Core.Tests.Posts;

public sealed class MemoryPostCacheTests : PostCacheContract
{
    protected override IPostCache Cache { get; } = new MemoryPostCache();

    [Fact]
    public async Task It_holds_no_more_than_its_capacity_and_keeps_what_is_in_use()
    {
        var cache = new MemoryPostCache(capacity: 100);
        var used = Post();
        await cache.PutAsync([used], default);
        var others = Enumerable.Range(0, 1_000).Select(_ => Post()).ToList();
        foreach (var other in others)
        {
            await cache.PutAsync([other], default);
            Assert.Single(await cache.GetAsync([used.Id], default));
        }

        Assert.InRange((await cache.GetAsync([.. others.Select(post => post.Id)], default)).Count, 20, 102);
    }

    private static PublishedPost Post() => new(Guid.CreateVersion7(), 1, 1, 1, "title", "content", [], default, default);
}
