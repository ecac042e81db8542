using FeedBox.Core.Search;
using FeedBox.PortContracts;
using FeedBox.Sqlite.Search;

namespace FeedBox.Sqlite.Tests.Search;

public sealed class SqliteSearchIndexTests : SearchIndexContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("feedbox-search-").FullName;
    private readonly List<SqliteDatabase> _open = [];

    protected override Task<ISearchIndex> CreateAsync()
    {
        _open.Add(SqliteDatabase.Open(new() { Path = Path.Combine(_folder, $"{_open.Count}.db") }));
        return Task.FromResult<ISearchIndex>(new SqliteSearchIndex(_open[^1]));
    }

    [Fact, Trait("Weakness", "H27")]
    public async Task H27_a_newer_analyzer_brings_the_index_up_to_it()
    {
        var index = (SqliteSearchIndex)await CreateAsync();
        var posts = Enumerable.Range(0, 250).Select(i => new SearchDocument(
            Guid.CreateVersion7(), 1, 1, 1, null, $"글 {i}", "이웃을 도왔다", ["봉사"], DateTimeOffset.UtcNow)).ToList();
        await Task.WhenAll(posts.Select(post => index.PutAsync(post, default)));
        Assert.Equal(0, await index.RefreshAsync(default));
        await _open[0].WriteAsync(writer => writer.Run("UPDATE search_posts SET analyzer = 0; DELETE FROM search_terms"), default);
        Assert.Empty((await index.SearchAsync(new("돕는", null, null, null, 10), default)).Items);

        Assert.Equal(250, await index.RefreshAsync(default));

        Assert.Equal(10, (await index.SearchAsync(new("돕는", null, "봉사", null, 10), default)).Items.Count);
        Assert.Equal(0, await index.RefreshAsync(default));
    }

    [Fact, Trait("Weakness", "H28")]
    public async Task H28_pages_go_on_past_the_window_that_is_ranked_at_once()
    {
        var index = await CreateAsync();
        const int posts = 3300;
        await Task.WhenAll(Enumerable.Range(0, posts).Select(i => index.PutAsync(new(
            Guid.CreateVersion7(), 1, 1, 1, null, i % 7 == 0 ? "커피" : "차", i % 2 == 0 ? "커피를 마셨다" : "커피 향", [], DateTimeOffset.UtcNow), default)));

        var seen = new HashSet<Guid>();
        string? cursor = null;
        do
        {
            var page = await index.SearchAsync(new("커피", null, null, cursor, 100), default);
            Assert.All(page.Items, hit => Assert.True(seen.Add(hit.PostId)));
            cursor = page.Next;
        }
        while (cursor is not null);
        Assert.Equal(posts, seen.Count);
    }

    public void Dispose()
    {
        foreach (var database in _open)
            database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
