using FeedBox.Core.Events;
using MongoDB.Driver;

namespace FeedBox.MongoDB.Events;

/// <summary>One document per event; its id is the event's, so that ids are in the order of the events.</summary>
public sealed class MongoFailedPublications(MongoStore store) : IFailedPublications
{
    private static readonly FilterDefinitionBuilder<FailedPublicationDocument> Publications = Builders<FailedPublicationDocument>.Filter;

    public Task KeepAsync(FailedPublication publication, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        try
        {
            await store.FailedPublications.InsertOneAsync(FailedPublicationDocument.Of(publication), cancellationToken: cancellationToken);
        }
        catch (MongoException e) when (MongoStore.IsDuplicate(e))
        {
            // kept before
        }
    });

    public Task<IReadOnlyList<FailedPublication>> ListAsync(Guid? after, int maxRefusals, int limit, CancellationToken cancellationToken) =>
        MongoStore.RunAsync<IReadOnlyList<FailedPublication>>(async () =>
        {
            var filter = Publications.Lt(p => p.Refusals, maxRefusals);
            if (after is { } id)
                filter &= Publications.Gt(p => p.Id, id);
            var publications = await store.FailedPublications.Find(filter).SortBy(p => p.Id).Limit(limit).ToListAsync(cancellationToken);
            return [.. publications.Select(publication => publication.ToPublication())];
        });

    public Task RemoveAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken) => MongoStore.RunAsync(() =>
        store.FailedPublications.DeleteManyAsync(Publications.In(p => p.Id, ids), cancellationToken));

    public Task CountRefusalAsync(Guid id, CancellationToken cancellationToken) => MongoStore.RunAsync(() =>
        store.FailedPublications.UpdateOneAsync(
            Publications.Eq(p => p.Id, id), Builders<FailedPublicationDocument>.Update.Inc(p => p.Refusals, 1), cancellationToken: cancellationToken));

    public Task<long> CountAsync(CancellationToken cancellationToken) => MongoStore.RunAsync(() =>
        store.FailedPublications.CountDocumentsAsync(Publications.Empty, cancellationToken: cancellationToken));
}
