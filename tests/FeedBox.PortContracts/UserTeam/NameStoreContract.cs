using FeedBox.Core.UserTeam;

namespace FeedBox.PortContracts.UserTeam;

/// <summary>What every <see cref="INameStore"/> promises.</summary>
public abstract class NameStoreContract
{
    protected abstract INameStore Names { get; }

    private readonly NameKey _user = new("user", Some.Id());
    private readonly DateTimeOffset _now = new(DateTimeOffset.UtcNow.Ticks / 10_000 * 10_000, TimeSpan.Zero);

    [Fact]
    public async Task Names_come_back_and_unknown_ones_are_missing()
    {
        var category = _user with { Kind = "category" };
        await PutAsync((_user, new(Some.Text, _now)), (category, new("여행", _now.AddMinutes(-1))));

        var found = await Names.GetAsync([_user, category, new("user", Some.Id())], default);

        Assert.Equal(2, found.Count);
        Assert.Equal(new(Some.Text, _now), found[_user]);
        Assert.Equal(new("여행", _now.AddMinutes(-1)), found[category]);
        Assert.Empty(await Names.GetAsync([], default));
        await Names.PutAsync(new Dictionary<NameKey, StoredName>(), default);
    }

    [Fact]
    public async Task The_later_fetch_wins_whichever_comes_first()
    {
        await PutAsync((_user, new("second", _now)));
        await PutAsync((_user, new("first", _now.AddSeconds(-1))));
        Assert.Equal("second", (await Names.GetAsync([_user], default))[_user].Name);

        await PutAsync((_user, new("third", _now.AddSeconds(1))));
        Assert.Equal("third", (await Names.GetAsync([_user], default))[_user].Name);
    }

    [Fact]
    public async Task Of_concurrent_puts_the_latest_fetch_stays()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).OrderBy(_ => Random.Shared.Next()).Select(i => Task.Run(() =>
            PutAsync((_user, new($"name {i}", _now.AddSeconds(i)))))));

        Assert.Equal("name 19", (await Names.GetAsync([_user], default))[_user].Name);
    }

    private Task PutAsync(params (NameKey Key, StoredName Name)[] names) =>
        Names.PutAsync(names.ToDictionary(entry => entry.Key, entry => entry.Name), default);
}
