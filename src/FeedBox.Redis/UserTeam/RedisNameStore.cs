using System.Text;
using FeedBox.Core.UserTeam;

namespace FeedBox.Redis.UserTeam;

/// <summary>Names, one key each; the rank of a name is the time it was fetched, in microseconds.</summary>
public sealed class RedisNameStore(RedisStore store) : INameStore
{
    public async Task<IReadOnlyDictionary<NameKey, StoredName>> GetAsync(IReadOnlyCollection<NameKey> keys, CancellationToken cancellationToken)
    {
        var values = await NewestWins.GetAsync(store, [.. keys.Select(Key)]).WaitAsync(cancellationToken);
        var found = new Dictionary<NameKey, StoredName>(keys.Count);
        foreach (var (key, value) in keys.Zip(values))
            if (value is var (rank, name))
                found[key] = new(Encoding.UTF8.GetString(name.Span), DateTimeOffset.UnixEpoch.AddMicroseconds(rank));
        return found;
    }

    public Task PutAsync(IReadOnlyDictionary<NameKey, StoredName> names, CancellationToken cancellationToken) =>
        Task.WhenAll(names.Select(entry => NewestWins.PutAsync(
            store, Key(entry.Key), (entry.Value.FetchedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, entry.Value.Name,
            store.Options.NamesKeptFor))).WaitAsync(cancellationToken);

    private StackExchange.Redis.RedisKey Key(NameKey key) => store.Key($"name:{key.Kind}:{key.Id}");
}
