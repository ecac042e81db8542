using FeedBox.Core.Events;

namespace FeedBox.Sqlite.Tests;

/// <summary>A database in a folder of its own.</summary>
public sealed class TestDatabase : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("feedbox-");

    public TestDatabase(Action<SqliteOptions>? configure = null)
    {
        Options = new() { Path = Path.Combine(_folder.FullName, "feedbox.db") };
        configure?.Invoke(Options);
        Database = SqliteDatabase.Open(Options);
    }

    public SqliteOptions Options { get; }
    public SqliteDatabase Database { get; private set; }
    public OutboxSignal Signal { get; } = new();

    public SqliteDatabase Reopen()
    {
        Database.Dispose();
        return Database = SqliteDatabase.Open(Options);
    }

    public void Dispose()
    {
        Database.Dispose();
        _folder.Delete(recursive: true);
    }
}
