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

    public void Dispose()
    {
        foreach (var database in _open)
            database.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
