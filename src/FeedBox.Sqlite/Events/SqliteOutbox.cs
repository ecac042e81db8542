using FeedBox.Core.Events;

namespace FeedBox.Sqlite.Events;

public sealed class SqliteOutbox(SqliteDatabase database) : IOutbox
{
    public Task<IReadOnlyList<OutboxRow>> ReadAsync(int shard, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<OutboxRow>>(reader =>
        {
            var row = reader.Prepare("SELECT sequence, topic, key, value, headers, created_at FROM outbox WHERE shard = ? ORDER BY sequence LIMIT ?")
                .Bind(shard).Bind(limit);
            var rows = new List<OutboxRow>();
            while (row.Step())
                rows.Add(new(
                    row.GetInt64(0),
                    new(row.GetString(1), row.GetString(2), row.GetBytes(3), HeaderJson.Read(row.GetSpan(4))),
                    row.GetTime(5)));
            return rows;
        }, cancellationToken);

    public Task RemoveAsync(IReadOnlyList<long> sequences, CancellationToken cancellationToken) =>
        sequences.Count == 0
            ? Task.CompletedTask
            : database.WriteAsync(writer =>
            {
                var delete = writer.Prepare("DELETE FROM outbox WHERE sequence = ?");
                foreach (var sequence in sequences)
                    delete.Bind(sequence).Execute();
            }, cancellationToken);

    public Task<long> DepthAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(reader => reader.Prepare("SELECT count(*) FROM outbox").Scalar() ?? 0, cancellationToken);
}
