using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Sqlite.Events;

namespace FeedBox.Sqlite.DeadLetters;

public sealed class SqliteDeadLetterStore(SqliteDatabase database, SqliteOptions options, TimeProvider time) : IDeadLetterStore
{
    private const string Columns =
        "id, topic, partition, log_offset, consumer_group, key, value, headers, attempts, exception_type, message, first_failure_at, last_failure_at, replays, filed_at";

    public Task AddAsync(DeadLetter letter, CancellationToken cancellationToken)
    {
        var (message, cause) = (letter.Message, letter.Cause);
        var headers = HeaderJson.Write(message.Headers);
        return database.WriteAsync(writer =>
        {
            writer.Prepare($"INSERT INTO dead_letters ({Columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
                .Bind(letter.Id).Bind(cause.Topic).Bind(cause.Partition).Bind(cause.Offset).Bind(cause.Group)
                .Bind(message.Key).Bind(message.Value).BindText(headers)
                .Bind(cause.Attempts).Bind(cause.ExceptionType).Bind(cause.Message).Bind(cause.FirstFailureAt).Bind(cause.LastFailureAt)
                .Bind(letter.Replays).Bind(letter.FiledAt)
                .Execute();
        }, cancellationToken);
    }

    public Task<DeadLetter?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        database.ReadAsync(reader =>
        {
            var row = reader.Prepare($"SELECT {Columns} FROM dead_letters WHERE id = ? AND removed_at IS NULL").Bind(id);
            var found = row.Step() ? Read(row) : null;
            row.Reset();
            return found;
        }, cancellationToken);

    public Task<IReadOnlyList<DeadLetter>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<DeadLetter>>(reader =>
        {
            var row = reader.Prepare($"SELECT {Columns} FROM dead_letters WHERE removed_at IS NULL AND id > ? ORDER BY id LIMIT ?")
                .Bind(after ?? Guid.Empty).Bind(limit);
            var letters = new List<DeadLetter>();
            while (row.Step())
                letters.Add(Read(row));
            return letters;
        }, cancellationToken);

    public Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
            writer.Prepare("UPDATE dead_letters SET removed_at = ?, key = NULL, value = NULL, headers = NULL, message = '' WHERE id = ? AND removed_at IS NULL")
                .Bind(time.GetUtcNow()).Bind(id).Execute() > 0, cancellationToken);

    public Task<long> CountAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(reader => reader.Prepare("SELECT count(*) FROM dead_letters WHERE removed_at IS NULL").Scalar() ?? 0, cancellationToken);

    /// <summary>Forgets the places of letters that were removed so long ago that no delivery can bring them back.</summary>
    public Task<int> TrimAsync(CancellationToken cancellationToken) =>
        database.DeleteAsync((writer, atMost) => writer.Prepare("""
            DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE removed_at < ? LIMIT ?)
            """).Bind(time.GetUtcNow() - 2 * options.EventRetention).Bind(atMost).Execute(), cancellationToken);

    private static DeadLetter Read(SqliteStatement row)
    {
        var topic = row.GetString(1);
        return new(
            row.GetGuid(0),
            new(topic, row.GetNullableString(5), row.GetBytes(6), HeaderJson.Read(row.GetSpan(7))),
            new(topic, row.GetInt32(2), row.GetInt64(3), row.GetString(4), row.GetInt32(8), row.GetString(9), row.GetString(10), row.GetTime(11), row.GetTime(12)),
            row.GetInt32(13), row.GetTime(14));
    }
}
