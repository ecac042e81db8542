using System.Buffers;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FeedBox.Sqlite;

/// <summary>
/// A prepared statement. Parameters are bound in order, columns are read by position; <see cref="Execute"/>, and a <see cref="Step"/>
/// that finds no more rows, make it ready for the next binding. Below ADO.NET because here nothing is boxed or allocated per row.
/// </summary>
public sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    internal SqliteStatement(sqlite3 connection, string sql)
    {
        _connection = connection;
        SqliteException.ThrowExceptionForRC(
            raw.sqlite3_prepare_v3(connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement), connection);
    }

    /// <summary>True between its first row and its reset: while so, it holds a snapshot of the database.</summary>
    internal bool InUse { get; private set; }

    public SqliteStatement Bind(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, ++_bound, value));
        return this;
    }

    public SqliteStatement Bind(double value)
    {
        Check(raw.sqlite3_bind_double(_statement, ++_bound, value));
        return this;
    }

    public SqliteStatement Bind(long? value) => value is { } present ? Bind(present) : BindNull();

    /// <summary>As ticks, so that a time comes back exactly.</summary>
    public SqliteStatement Bind(DateTimeOffset value) => Bind(value.UtcTicks);

    public SqliteStatement Bind(DateTimeOffset? value) => value is { } present ? Bind(present.UtcTicks) : BindNull();

    /// <summary>Big-endian, so that UUIDv7 sort by time.</summary>
    public SqliteStatement Bind(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return Bind(bytes);
    }

    public SqliteStatement Bind(ReadOnlySpan<byte> value)
    {
        Check(raw.sqlite3_bind_blob(_statement, ++_bound, value));
        return this;
    }

    public SqliteStatement Bind(ReadOnlyMemory<byte> value) => Bind(value.Span);

    public SqliteStatement Bind(byte[]? value) => value is null ? BindNull() : Bind(value.AsSpan());

    public SqliteStatement Bind(string? value)
    {
        if (value is null)
            return BindNull();
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(value.Length));
        var length = Encoding.UTF8.GetBytes(value, buffer);
        BindText(buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        return this;
    }

    /// <summary>Text that is UTF-8 already.</summary>
    public SqliteStatement BindText(ReadOnlySpan<byte> utf8)
    {
        Check(raw.sqlite3_bind_text(_statement, ++_bound, utf8));
        return this;
    }

    public SqliteStatement BindText(byte[]? utf8) => utf8 is null ? BindNull() : BindText(utf8.AsSpan());

    public SqliteStatement BindNull()
    {
        Check(raw.sqlite3_bind_null(_statement, ++_bound));
        return this;
    }

    /// <summary>Goes to the next row; false when there is none.</summary>
    public bool Step()
    {
        InUse = true;
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW)
            return true;
        if (result != raw.SQLITE_DONE)
        {
            try { Check(result); }
            finally { Reset(); }
        }
        Reset();
        return false;
    }

    /// <summary>Runs to the end, and returns how many rows it changed.</summary>
    public int Execute()
    {
        while (Step()) { }
        return raw.sqlite3_changes(_connection);
    }

    /// <summary>The first column of the first row; null when there is no row or it is null.</summary>
    public long? Scalar()
    {
        long? value = Step() && !IsNull(0) ? GetInt64(0) : null;
        Reset();
        return value;
    }

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long GetInt64(int column) => raw.sqlite3_column_int64(_statement, column);

    public int GetInt32(int column) => raw.sqlite3_column_int(_statement, column);

    public double GetDouble(int column) => raw.sqlite3_column_double(_statement, column);

    public DateTimeOffset GetTime(int column) => new(GetInt64(column), TimeSpan.Zero);

    public DateTimeOffset? GetNullableTime(int column) => IsNull(column) ? null : GetTime(column);

    public Guid GetGuid(int column) => new(GetSpan(column), bigEndian: true);

    public string GetString(int column) => Encoding.UTF8.GetString(GetSpan(column));

    public string? GetNullableString(int column) => IsNull(column) ? null : GetString(column);

    public byte[] GetBytes(int column) => GetSpan(column).ToArray();

    /// <summary>The bytes of a blob, or of a text as UTF-8, valid until the next step.</summary>
    public ReadOnlySpan<byte> GetSpan(int column) => raw.sqlite3_column_blob(_statement, column);

    /// <summary>Gives up the remaining rows.</summary>
    public void Reset()
    {
        raw.sqlite3_reset(_statement);
        _bound = 0;
        InUse = false;
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(result, _connection);
    }
}
