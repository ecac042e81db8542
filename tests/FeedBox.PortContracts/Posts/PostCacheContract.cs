using FeedBox.Core.Posts;

namespace FeedBox.PortContracts.Posts;

/// <summary>What every <see cref="IPostCache"/> promises.</summary>
public abstract class PostCacheContract
{
    protected abstract IPostCache Cache { get; }

    private readonly Guid _id = Guid.CreateVersion7();

    [Fact]
    public async Task What_was_put_is_found_and_what_was_not_is_missing()
    {
        var post = Version(1) with { Title = Some.Text, Tags = ["맛집"] };
        await Cache.PutAsync([post], default);

        var found = await Cache.GetAsync([_id, Guid.CreateVersion7()], default);

        var (id, entry) = Assert.Single(found);
        Assert.Equal(_id, id);
        Assert.Equal(1, entry.Version);
        Assert.Equal(post.Tags, entry.Post!.Tags);
        Assert.Equal(post, entry.Post with { Tags = post.Tags });
    }

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_an_older_version_never_replaces_a_newer_one()
    {
        await Cache.PutAsync([Version(3)], default);
        await Cache.PutAsync([Version(2)], default);
        Assert.Equal(3, (await FindAsync())!.Version);

        await Cache.PutAsync([Version(4)], default);
        Assert.Equal(4, (await FindAsync())!.Version);
    }

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_a_removal_leaves_a_tombstone_that_a_slow_reader_cannot_undo()
    {
        await Cache.PutAsync([Version(1)], default);
        await Cache.RemoveAsync(_id, 2, default);
        await Cache.PutAsync([Version(1)], default);
        await Cache.PutAsync([Version(2)], default);

        Assert.Equal(new CachedPost(2, null), await FindAsync());
    }

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_a_removal_of_what_was_never_put_leaves_a_tombstone_too()
    {
        await Cache.RemoveAsync(_id, 2, default);
        await Cache.PutAsync([Version(1)], default);

        Assert.Equal(new CachedPost(2, null), await FindAsync());
    }

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_an_older_removal_is_ignored_and_one_of_the_same_version_wins()
    {
        await Cache.PutAsync([Version(3)], default);
        await Cache.RemoveAsync(_id, 2, default);
        Assert.NotNull((await FindAsync())!.Post);

        await Cache.RemoveAsync(_id, 3, default);
        Assert.Null((await FindAsync())!.Post);
    }

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_a_newer_version_comes_back_after_a_removal()
    {
        await Cache.RemoveAsync(_id, 2, default);
        await Cache.PutAsync([Version(3)], default);

        Assert.Equal(3, (await FindAsync())!.Post!.Version);
    }

    [Fact, Trait("Weakness", "H19")]
    public async Task H19_whatever_the_interleaving_the_newest_write_stays()
    {
        for (var round = 0; round < 20; round++)
        {
            var id = Guid.CreateVersion7();
            await Task.WhenAll(Enumerable.Range(1, 7).Select(version => Task.Run(async () =>
            {
                if (version == 7)
                    await Cache.RemoveAsync(id, version, default);
                else
                    await Cache.PutAsync([Version(version) with { Id = id }], default);
            })));
            Assert.Equal(new CachedPost(7, null), (await Cache.GetAsync([id], default))[id]);
        }
    }

    private async Task<CachedPost?> FindAsync() => (await Cache.GetAsync([_id], default)).GetValueOrDefault(_id);

    private PublishedPost Version(int version) => new(_id, version, 1, 2, $"title {version}", "content", [], Some.Time, Some.Time.AddMinutes(version));
}
