using FeedBox.Core.UserTeam;

namespace FeedBox.Sqlite.UserTeam;

public sealed class SqliteNameStore(SqliteDatabase database) : INameStore
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromDays(7);

    public Task<IReadOnlyDictionary<NameKey, StoredName>> GetAsync(IReadOnlyCollection<NameKey> keys, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyDictionary<NameKey, StoredName>>(reader =>
        {
            var found = new Dictionary<NameKey, StoredName>(keys.Count);
            var row = reader.Prepare("SELECT name, fetched_at FROM names WHERE kind = ? AND id = ?");
            foreach (var key in keys)
            {
                if (row.Bind(key.Kind).Bind(key.Id).Step())
                    found[key] = new(row.GetString(0), row.GetTime(1));
                row.Reset();
            }
            return found;
        }, cancellationToken);

    public Task PutAsync(IReadOnlyDictionary<NameKey, StoredName> names, CancellationToken cancellationToken) =>
        names.Count == 0
            ? Task.CompletedTask
            : database.WriteAsync(writer =>
            {
                var upsert = writer.Prepare("""
                    INSERT INTO names (kind, id, name, fetched_at) VALUES (?, ?, ?, ?)
                    ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, fetched_at = excluded.fetched_at
                    WHERE excluded.fetched_at > names.fetched_at
                    """);
                foreach (var (key, stored) in names)
                    upsert.Bind(key.Kind).Bind(key.Id).Bind(stored.Name).Bind(stored.FetchedAt).Execute();
            }, cancellationToken);

    public Task<int> TrimAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(writer => writer.Prepare("DELETE FROM names WHERE fetched_at < ?").Bind(now - KeptFor).Execute(), cancellationToken);
}
