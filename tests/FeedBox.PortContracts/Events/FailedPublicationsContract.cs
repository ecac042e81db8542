using FeedBox.Core.Events;

namespace FeedBox.PortContracts.Events;

/// <summary>What every <see cref="IFailedPublications"/> promises. The store may hold others.</summary>
public abstract class FailedPublicationsContract
{
    private const int Max = 3;

    protected abstract IFailedPublications Publications { get; }

    private readonly string _topic = Some.Name("topic");

    [Fact, Trait("Weakness", "K5")]
    public async Task K5_a_message_comes_back_byte_for_byte()
    {
        var kept = Publication() with { Message = new(_topic, Some.Text, new byte[] { 0, 255, 10, 34 }, [new("a", Some.Text), new("a", "")]) };
        var bare = Publication() with { Message = new(_topic, null, ReadOnlyMemory<byte>.Empty, []) };
        await Publications.KeepAsync(kept, default);
        await Publications.KeepAsync(bare, default);

        var found = await ListAsync();

        Assert.Equal([kept.Id, bare.Id], found.Select(publication => publication.Id));
        foreach (var (expected, actual) in new[] { kept, bare }.Zip(found))
        {
            Assert.Equal((expected.Message.Key, 0), (actual.Message.Key, actual.Refusals));
            Assert.Equal(expected.Message.Value.ToArray(), actual.Message.Value.ToArray());
            Assert.Equal(expected.Message.Headers, actual.Message.Headers);
        }
    }

    [Fact]
    public async Task Keeping_an_event_twice_is_keeping_it_once()
    {
        var before = await Publications.CountAsync(default);
        var publication = Publication();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Publications.KeepAsync(publication, default))));
        Assert.Single(await ListAsync());
        Assert.Equal(before + 1, await Publications.CountAsync(default));
    }

    [Fact, Trait("Weakness", "H76")]
    public async Task H76_the_oldest_event_comes_first_whenever_it_was_kept_page_by_page()
    {
        var publications = Enumerable.Range(0, 7).Select(i => Publication(i)).ToList();
        foreach (var publication in publications.AsEnumerable().Reverse())
            await Publications.KeepAsync(publication, default);

        Assert.Equal(publications.Select(publication => publication.Id), (await ListAsync()).Select(publication => publication.Id));
        Assert.Equal(3, (await Publications.ListAsync(null, Max, 3, default)).Count);
        Assert.DoesNotContain(await Publications.ListAsync(publications[^1].Id, Max, 1_000, default), publication => publication.Message.Topic == _topic);
    }

    [Fact]
    public async Task Those_removed_are_gone_and_the_others_stay()
    {
        var publications = Enumerable.Range(0, 3).Select(i => Publication(i)).ToList();
        foreach (var publication in publications)
            await Publications.KeepAsync(publication, default);

        await Publications.RemoveAsync([publications[0].Id, publications[2].Id, Guid.NewGuid()], default);
        await Publications.RemoveAsync([], default);

        Assert.Equal(publications[1].Id, Assert.Single(await ListAsync()).Id);
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_one_refused_too_often_is_kept_and_listed_no_more()
    {
        var publication = Publication();
        await Publications.KeepAsync(publication, default);
        var before = await Publications.CountAsync(default);
        for (var refusals = 0; refusals < Max; refusals++)
        {
            Assert.Equal(refusals, Assert.Single(await ListAsync()).Refusals);
            await Publications.CountRefusalAsync(publication.Id, default);
        }
        await Publications.KeepAsync(publication, default);
        await Publications.CountRefusalAsync(Guid.NewGuid(), default);

        Assert.Empty(await ListAsync());
        Assert.Equal(before, await Publications.CountAsync(default));
    }

    private FailedPublication Publication(int second = 0) =>
        new(Guid.CreateVersion7(Some.Time.AddSeconds(second).AddMilliseconds(_number++)), new(_topic, "key", new byte[] { 1 }, []));

    private int _number;

    private async Task<IReadOnlyList<FailedPublication>> ListAsync()
    {
        var all = new List<FailedPublication>();
        while (await Publications.ListAsync(all.LastOrDefault()?.Id, Max, 1_000, default) is { Count: > 0 } page)
            all.AddRange(page);
        return [.. all.Where(publication => publication.Message.Topic == _topic)];
    }
}
