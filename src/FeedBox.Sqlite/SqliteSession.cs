using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FeedBox.Sqlite;

/// <summary>A connection with its prepared statements. One thread at a time.</summary>
public abstract class SqliteSession : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteStatement> _statements = new(SqlComparer.Instance);

    private protected SqliteSession(SqliteOptions options, SqliteOpenMode mode)
    {
        _connection = new(new SqliteConnectionStringBuilder { DataSource = options.Path, Mode = mode, Pooling = false }.ToString());
        try
        {
            _connection.Open();
            raw.sqlite3_busy_timeout(Handle, (int)options.BusyTimeout.TotalMilliseconds);
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    private protected sqlite3 Handle => _connection.Handle!;

    /// <summary>
    /// The statement of this text, compiled once per connection. There is one of each text: use it up before asking for it again,
    /// and keep texts constant, because each stays compiled.
    /// </summary>
    public SqliteStatement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new(Handle, sql));
        else
            statement.Reset();
        return statement;
    }

    /// <summary>Runs a script of statements without parameters, uncached.</summary>
    public void Run(string script) =>
        SqliteException.ThrowExceptionForRC(raw.sqlite3_exec(Handle, script), Handle);

    /// <summary>Ends what a caller left half read, so that it does not keep the log of the database from being trimmed.</summary>
    internal void ResetStatements()
    {
        foreach (var statement in _statements.Values)
            if (statement.InUse)
                statement.Reset();
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _statements.Clear();
        _connection.Dispose();
    }

    /// <summary>Nearly every lookup is by the same constant string: a cheap hash, then reference equality.</summary>
    private sealed class SqlComparer : IEqualityComparer<string>
    {
        public static readonly SqlComparer Instance = new();

        public bool Equals(string? x, string? y) => string.Equals(x, y);

        public int GetHashCode(string sql) =>
            sql.Length == 0 ? 0 : HashCode.Combine(sql.Length, sql[sql.Length / 4], sql[sql.Length / 2], sql[sql.Length * 3 / 4], sql[^1]);
    }
}

/// <summary>Reads one consistent state per statement, beside the writer and never waiting for it.</summary>
public sealed class SqliteReader : SqliteSession
{
    internal SqliteReader(SqliteOptions options) : base(options, SqliteOpenMode.ReadWrite) =>
        Run("PRAGMA query_only = 1; PRAGMA cache_size = -4000");
}

/// <summary>The one connection that writes. Work on it runs inside a transaction that others share.</summary>
public sealed class SqliteWriter : SqliteSession
{
    internal SqliteWriter(SqliteOptions options) : base(options, SqliteOpenMode.ReadWriteCreate) =>
        Run("""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 16000;
            PRAGMA cache_size = -32000;
            """);

    /// <summary>False after an error that made SQLite roll back by itself.</summary>
    internal bool InTransaction => raw.sqlite3_get_autocommit(Handle) == 0;
}
