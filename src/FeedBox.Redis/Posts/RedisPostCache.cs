using System.Text.Json;
using System.Text.Json.Serialization;
using FeedBox.Core.Posts;

namespace FeedBox.Redis.Posts;

/// <summary>Published posts as JSON, one key each, read together. A tombstone is an empty text.</summary>
public sealed class RedisPostCache(RedisStore store) : IPostCache
{
    public async ValueTask<IReadOnlyDictionary<Guid, CachedPost>> GetAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var values = await NewestWins.GetAsync(store, [.. ids.Select(Key)]).WaitAsync(cancellationToken);
        var found = new Dictionary<Guid, CachedPost>(ids.Count);
        foreach (var (id, value) in ids.Zip(values))
            if (value is var (rank, text))
                found[id] = new((int)(rank / 2), text.IsEmpty ? null : JsonSerializer.Deserialize(text.Span, CachedPostJson.Default.PublishedPost));
        return found;
    }

    public ValueTask PutAsync(IReadOnlyCollection<PublishedPost> posts, CancellationToken cancellationToken) =>
        new(Task.WhenAll(posts.Select(post =>
            PutAsync(post.Id, Rank(post.Version), JsonSerializer.Serialize(post, CachedPostJson.Default.PublishedPost)))).WaitAsync(cancellationToken));

    public ValueTask RemoveAsync(Guid id, int version, CancellationToken cancellationToken) =>
        new(PutAsync(id, Rank(version) + 1, "").WaitAsync(cancellationToken));

    private Task PutAsync(Guid id, long rank, string text) => NewestWins.PutAsync(store, Key(id), rank, text, store.Options.PostsKeptFor);

    /// <summary>Leaves room for the tombstone of a version between this version and the next.</summary>
    private static long Rank(int version) => version * 2L;

    private StackExchange.Redis.RedisKey Key(Guid id) => store.Key($"post:{id}");
}

[JsonSerializable(typeof(PublishedPost))]
internal sealed partial class CachedPostJson : JsonSerializerContext;
