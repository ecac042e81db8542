using FeedBox.Core.AccessLog;
using FeedBox.Testing;

namespace FeedBox.PortContracts.AccessLog;

/// <summary>What every <see cref="IAccessLogStore"/> promises. Each test has a store of its own.</summary>
public abstract class AccessLogStoreContract
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected abstract IAccessLogStore Store { get; }

    [Fact, Trait("Capability", "F37")]
    public async Task F37_an_entry_comes_back_as_it_was()
    {
        var whole = Entry(0) with { Path = "/posts/%EC%A0%9C%EC%A3%BC", Referrer = "https://example.org/" + Some.Text, Agent = Some.Text, Ip = "2001:db8::1" };
        var bare = Entry(1) with { Ip = null, Referrer = null, Agent = null, TraceId = null };
        await AddAsync(whole, bare);

        Assert.Equal([bare, whole], await FindAsync(new(), 2));
    }

    [Fact]
    public async Task Without_any_entry_nothing_is_found()
    {
        Assert.Empty(await Store.FindAsync(new(), default));
        await Store.TrimAsync(Noon, default);
    }

    [Fact]
    public async Task The_same_entry_twice_is_one()
    {
        var entry = Entry(0);
        await AddAsync(entry, entry);
        await AddAsync(entry with { Status = 500 }, Entry(1));

        Assert.Equal(entry, (await FindAsync(new(), 2))[1]);
    }

    [Fact]
    public async Task Pages_walk_all_entries_newest_first_also_over_midnight_and_within_a_millisecond()
    {
        var entries = Enumerable.Range(0, 25).Select(i => Entry(i, Noon.AddHours(i / 5 * 6))).ToArray();
        await AddAsync([.. entries.OrderBy(entry => entry.Id.GetHashCode())]);
        await FindAsync(new(Limit: 100), 25);

        var walked = new List<AccessLogEntry>();
        IReadOnlyList<AccessLogEntry> page;
        do
        {
            page = await Store.FindAsync(new(Before: walked.LastOrDefault()?.Id, Limit: 7), default);
            walked.AddRange(page);
        }
        while (page.Count == 7);
        Assert.Equal(entries.OrderByDescending(entry => entry.Id.ToString(), StringComparer.Ordinal), walked);
    }

    [Fact, Trait("Capability", "F37")]
    public async Task F37_entries_are_found_by_everything_that_is_asked_for_together()
    {
        var read = Entry(0) with { Ip = "10.0.0.1", Method = "GET", Path = "/posts/1", Status = 200 };
        var missed = Entry(1) with { Ip = "10.0.0.2", Method = "GET", Path = "/posts/2", Status = 404 };
        var failed = Entry(2) with { Ip = "10.0.0.1", Method = "POST", Path = "/posts", Status = 503 };
        var searched = Entry(3) with { Ip = "10.0.0.1", Method = "GET", Path = "/search", Status = 200 };
        await AddAsync(read, missed, failed, searched);
        await FindAsync(new(), 4);

        await AssertFoundAsync(new(Ip: "10.0.0.1"), searched, failed, read);
        await AssertFoundAsync(new(Method: "POST"), failed);
        await AssertFoundAsync(new(Path: "/posts"), failed, missed, read);
        await AssertFoundAsync(new(Path: "/posts/"), missed, read);
        await AssertFoundAsync(new(MinStatus: 400, MaxStatus: 499), missed);
        await AssertFoundAsync(new(MinStatus: 404), failed, missed);
        await AssertFoundAsync(new(MaxStatus: 299), searched, read);
        await AssertFoundAsync(new(From: missed.At), searched, failed, missed);
        await AssertFoundAsync(new(To: missed.At), read);
        await AssertFoundAsync(new(From: missed.At, To: searched.At), failed, missed);
        await AssertFoundAsync(new(Ip: "10.0.0.1", Method: "GET", Path: "/posts", MinStatus: 200, MaxStatus: 200, From: read.At, To: searched.At), read);
        await AssertFoundAsync(new(Ip: "10.0.0.2", Method: "POST"));
    }

    [Fact]
    public async Task Days_that_ended_before_are_forgotten_and_later_ones_kept()
    {
        var entries = Enumerable.Range(0, 5).Select(day => Entry(day, Noon.AddDays(day))).ToArray();
        await AddAsync(entries);
        await FindAsync(new(), 5);

        await Store.TrimAsync(Noon.AddDays(3), default);

        Assert.Equal([entries[4], entries[3]], await FindAsync(new(), 2));
        await AddAsync(Entry(5, Noon.AddDays(5)));
        Assert.Equal(3, (await FindAsync(new(), 3)).Count);
    }

    [Fact]
    public async Task Entries_that_come_at_once_are_all_there()
    {
        var entries = Enumerable.Range(0, 500).Select(i => Entry(i)).ToArray();
        await Task.WhenAll(entries.Select(entry => Task.Run(() => Store.AddAsync(entry, default))));
        Assert.Equal(500, (await FindAsync(new(Limit: 1_000), 500)).DistinctBy(entry => entry.Id).Count());
    }

    private async Task AssertFoundAsync(AccessLogQuery query, params AccessLogEntry[] expected) =>
        Assert.Equal(expected, await Store.FindAsync(query, default));

    private Task AddAsync(params AccessLogEntry[] entries) => Task.WhenAll(entries.Select(entry => Store.AddAsync(entry, default)));

    /// <summary>Waits for what may become visible a moment after it was added.</summary>
    private async Task<IReadOnlyList<AccessLogEntry>> FindAsync(AccessLogQuery query, int count)
    {
        await Eventually.TrueAsync(() => Store.FindAsync(query, default).Result.Count == count, $"{count} entries are found");
        return await Store.FindAsync(query, default);
    }

    private static AccessLogEntry Entry(int number) => Entry(number, Noon.AddSeconds(number));

    private static AccessLogEntry Entry(int number, DateTimeOffset at) => new(
        Guid.CreateVersion7(at), at, "api", "127.0.0.1", "GET", $"/posts/{number}", 200, 1_234_567_890_123, 12.345,
        "https://example.org/", "curl/8", "0af7651916cd43dd8448eb211c80319c");
}
