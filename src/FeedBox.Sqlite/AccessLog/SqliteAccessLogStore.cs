using System.Buffers.Binary;
using FeedBox.Core.AccessLog;

namespace FeedBox.Sqlite.AccessLog;

public sealed class SqliteAccessLogStore(SqliteDatabase database) : IAccessLogStore
{
    private const string Columns = "id, at, service, ip, method, path, status, bytes, duration_ms, referrer, agent, trace_id";

    public Task AddAsync(AccessLogEntry entry, CancellationToken cancellationToken) =>
        database.WriteTogetherAsync(writer =>
        {
            writer.Prepare($"INSERT INTO access_log ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .Bind(entry.Id).Bind(entry.At).Bind(entry.Service).Bind(entry.Ip).Bind(entry.Method).Bind(entry.Path)
                .Bind(entry.Status).Bind(entry.Bytes).Bind(entry.DurationMs).Bind(entry.Referrer).Bind(entry.Agent).Bind(entry.TraceId)
                .Execute();
        }, cancellationToken);

    public Task<IReadOnlyList<AccessLogEntry>> FindAsync(AccessLogQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<AccessLogEntry>>(reader =>
        {
            var row = reader.Prepare($"""
                SELECT {Columns} FROM access_log
                WHERE id < ? AND id >= ? AND id < ? AND at >= ? AND at < ?
                  AND (? IS NULL OR ip = ?) AND (? IS NULL OR method = ?) AND (? IS NULL OR substr(path, 1, ?) = ?) AND status BETWEEN ? AND ?
                ORDER BY id DESC LIMIT ?
                """)
                .Bind(query.Before ?? Guid.AllBitsSet).Bind(FirstId(Milliseconds(query.From) ?? 0)).Bind(Milliseconds(query.To) is { } to ? FirstId(to + 1) : Guid.AllBitsSet)
                .Bind(query.From?.UtcTicks ?? 0).Bind(query.To?.UtcTicks ?? long.MaxValue)
                .Bind(query.Ip).Bind(query.Ip).Bind(query.Method).Bind(query.Method).Bind(query.Path).Bind(query.Path?.Length ?? 0).Bind(query.Path)
                .Bind(query.MinStatus ?? 0).Bind(query.MaxStatus ?? int.MaxValue)
                .Bind(query.Limit);
            var entries = new List<AccessLogEntry>();
            while (row.Step())
                entries.Add(Read(row));
            return entries;
        }, cancellationToken);

    public Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var first = FirstId(Milliseconds(new(before.UtcDateTime.Date, TimeSpan.Zero))!.Value);
        return database.DeleteAsync((writer, atMost) => writer.Prepare("""
            DELETE FROM access_log WHERE id IN (SELECT id FROM access_log WHERE id < ? LIMIT ?)
            """).Bind(first).Bind(atMost).Execute(), cancellationToken);
    }

    private static long? Milliseconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds();

    /// <summary>Not above any id of that time, and above every one of a millisecond before.</summary>
    private static Guid FirstId(long milliseconds)
    {
        Span<byte> id = stackalloc byte[16];
        id.Clear();
        BinaryPrimitives.WriteInt64BigEndian(id, Math.Max(0, milliseconds) << 16);
        return new(id, bigEndian: true);
    }

    private static AccessLogEntry Read(SqliteStatement row) => new(
        row.GetGuid(0), row.GetTime(1), row.GetString(2), row.GetNullableString(3), row.GetString(4), row.GetString(5),
        row.GetInt32(6), row.GetInt64(7), row.GetDouble(8), row.GetNullableString(9), row.GetNullableString(10), row.GetNullableString(11));
}
