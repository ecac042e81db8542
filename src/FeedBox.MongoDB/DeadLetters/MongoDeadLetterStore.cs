using FeedBox.Core.DeadLetters;
using MongoDB.Driver;

namespace FeedBox.MongoDB.DeadLetters;

/// <summary>One document per letter; a removed one keeps its place for a while, so that a late delivery does not bring it back.</summary>
public sealed class MongoDeadLetterStore(MongoStore store, TimeProvider time) : IDeadLetterStore
{
    private static readonly FilterDefinitionBuilder<DeadLetterDocument> Letters = Builders<DeadLetterDocument>.Filter;

    public Task AddAsync(DeadLetter letter, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        try
        {
            await store.DeadLetters.InsertOneAsync(DeadLetterDocument.Of(letter), cancellationToken: cancellationToken);
        }
        catch (MongoException e) when (MongoStore.IsDuplicate(e))
        {
            // filed before
        }
    });

    public Task<DeadLetter?> FindAsync(Guid id, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
        (await store.DeadLetters.Find(Waiting(id)).FirstOrDefaultAsync(cancellationToken))?.ToLetter());

    public Task<IReadOnlyList<DeadLetter>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken) =>
        MongoStore.RunAsync<IReadOnlyList<DeadLetter>>(async () =>
        {
            var filter = Letters.Eq(l => l.Waiting, true);
            if (after is { } id)
                filter &= Letters.Gt(l => l.Id, id);
            var letters = await store.DeadLetters.Find(filter).SortBy(l => l.Id).Limit(limit).ToListAsync(cancellationToken);
            return [.. letters.Select(letter => letter.ToLetter())];
        });

    public Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        var removal = Builders<DeadLetterDocument>.Update
            .Set(l => l.Waiting, false).Set(l => l.RemovedAt, time.GetUtcNow().UtcDateTime)
            .Unset(l => l.Message).Unset(l => l.ExceptionMessage);
        return (await store.DeadLetters.UpdateOneAsync(Waiting(id), removal, cancellationToken: cancellationToken)).MatchedCount > 0;
    });

    public Task<long> CountAsync(CancellationToken cancellationToken) => MongoStore.RunAsync(() =>
        store.DeadLetters.CountDocumentsAsync(Letters.Eq(l => l.Waiting, true), cancellationToken: cancellationToken));

    private static FilterDefinition<DeadLetterDocument> Waiting(Guid id) => Letters.Eq(l => l.Id, id) & Letters.Eq(l => l.Waiting, true);
}
