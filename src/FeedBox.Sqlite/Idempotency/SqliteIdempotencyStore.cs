using FeedBox.Core.Idempotency;
using FeedBox.Sqlite.Events;

namespace FeedBox.Sqlite.Idempotency;

public sealed class SqliteIdempotencyStore(SqliteDatabase database) : IIdempotencyStore
{
    /// <summary>
    /// Claims of this process, touched on the writer's thread only. The file belongs to one process at a time, so a lease that is not
    /// among them was left by one that died: whoever repeats its request need not wait.
    /// </summary>
    private readonly HashSet<(long Caller, string Key)> _held = [];

    public Task<IdempotencyClaim> ClaimAsync(long caller, string key, string fingerprint, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            var claim = Claim(writer, caller, key, fingerprint, now);
            if (claim is IdempotencyClaim.Granted)
                _held.Add((caller, key));
            return claim;
        }, cancellationToken);

    public Task AnswerAsync(long caller, string key, StoredAnswer answer, CancellationToken cancellationToken)
    {
        var headers = HeaderJson.Write(answer.Headers);
        return database.WriteAsync(writer =>
        {
            _held.Remove((caller, key));
            writer.Prepare("UPDATE idempotency SET status = ?, headers = ?, body = ? WHERE caller = ? AND key = ?")
                .Bind(answer.Status).BindText(headers).Bind(answer.Body).Bind(caller).Bind(key).Execute();
        }, cancellationToken);
    }

    public Task ReleaseAsync(long caller, string key, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            _held.Remove((caller, key));
            writer.Prepare("UPDATE idempotency SET leased_until = 0 WHERE caller = ? AND key = ? AND status IS NULL")
                .Bind(caller).Bind(key).Execute();
        }, cancellationToken);

    /// <summary>Removes what is older than <see cref="IIdempotencyStore.KeptFor"/>, in chunks.</summary>
    public Task<int> TrimAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        database.DeleteAsync((writer, atMost) => writer.Prepare("""
            DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE claimed_at <= ? LIMIT ?)
            """).Bind(now - IIdempotencyStore.KeptFor).Bind(atMost).Execute(), cancellationToken);

    private IdempotencyClaim Claim(SqliteWriter writer, long caller, string key, string fingerprint, DateTimeOffset now)
    {
        var row = writer.Prepare("""
            SELECT fingerprint, operation_id, leased_until, status, headers, body FROM idempotency WHERE caller = ? AND key = ? AND claimed_at > ?
            """).Bind(caller).Bind(key).Bind(now - IIdempotencyStore.KeptFor);
        if (!row.Step())
        {
            var operation = Guid.CreateVersion7(now);
            writer.Prepare("""
                INSERT OR REPLACE INTO idempotency (caller, key, fingerprint, operation_id, claimed_at, leased_until) VALUES (?, ?, ?, ?, ?, ?)
                """).Bind(caller).Bind(key).Bind(fingerprint).Bind(operation).Bind(now).Bind(now + IIdempotencyStore.Lease).Execute();
            return new IdempotencyClaim.Granted(operation);
        }

        var sameRequest = row.GetString(0) == fingerprint;
        var operationId = row.GetGuid(1);
        var leased = row.GetInt64(2) > now.UtcTicks && _held.Contains((caller, key));
        var answer = row.IsNull(3) ? null : new StoredAnswer(row.GetInt32(3), HeaderJson.Read(row.GetSpan(4)), row.GetBytes(5));
        row.Reset();

        if (!sameRequest)
            return new IdempotencyClaim.Mismatch();
        if (answer is not null)
            return new IdempotencyClaim.Answered(answer);
        if (leased)
            return new IdempotencyClaim.Busy();
        writer.Prepare("UPDATE idempotency SET leased_until = ? WHERE caller = ? AND key = ?")
            .Bind(now + IIdempotencyStore.Lease).Bind(caller).Bind(key).Execute();
        return new IdempotencyClaim.Granted(operationId);
    }
}
