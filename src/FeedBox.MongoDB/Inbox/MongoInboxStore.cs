using FeedBox.Core.Inbox;
using MongoDB.Driver;

namespace FeedBox.MongoDB.Inbox;

/// <summary>
/// One document per entry and one per fan-out, without transactions: entries first, then the progress, which fails when the post was
/// withdrawn meanwhile; what was added is then taken away again, by whoever notices first.
/// </summary>
public sealed class MongoInboxStore(MongoStore store) : IInboxStore
{
    private const int Chunk = 1_000;
    private const int MaxRounds = 10;
    private static readonly FilterDefinitionBuilder<InboxDocument> Entries = Builders<InboxDocument>.Filter;
    private static readonly FilterDefinitionBuilder<FanOutDocument> FanOuts = Builders<FanOutDocument>.Filter;
    private static readonly InsertManyOptions Unordered = new() { IsOrdered = false };

    public Task<FanOutProgress> GetFanOutAsync(Guid postId, int version, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        var seen = await FindAsync(postId, cancellationToken);
        if (seen is not null && seen.IsClosedTo(version))
        {
            if (seen.State == FanOutState.Withdrawn)
                await RemoveAsync(seen, cancellationToken); // what a process that died may have added after the withdrawal
            return new FanOutProgress(Finished: true, Cursor: null);
        }
        return new(Finished: false, seen?.Version == version ? seen.Cursor : null);
    });

    public Task AddAsync(
        Guid postId, int version, long authorId, IReadOnlyList<long> subscribers, string? nextCursor, DateTimeOffset now,
        CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        if (await FindAsync(postId, cancellationToken) is { } seen && seen.IsClosedTo(version))
            return;
        foreach (var chunk in subscribers.Distinct().Order().Chunk(Chunk)) // in order: neighbours in the index are written together
            await AddAsync([.. chunk.Select(subscriber => Entry(subscriber, postId, authorId, version, now))], cancellationToken);

        var progress = nextCursor is null ? FanOutState.Finished : FanOutState.Running;
        var open = FanOuts.Lt(f => f.Version, version) | (FanOuts.Eq(f => f.Version, version) & FanOuts.Eq(f => f.State, FanOutState.Running));
        if (!await StoreAsync(postId, open, version, progress, nextCursor, cancellationToken)
            && await FindAsync(postId, cancellationToken) is { State: FanOutState.Withdrawn } withdrawn)
            await RemoveAsync(withdrawn, cancellationToken);
    });

    public Task WithdrawAsync(Guid postId, int version, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        // The mark comes first: whoever adds afterwards finds it. The removal comes to its end, now or when it is repeated.
        if (await StoreAsync(postId, FanOuts.Lte(f => f.Version, version), version, FanOutState.Withdrawn, null, cancellationToken))
            await RemoveAsync(new() { Post = postId, Version = version }, cancellationToken);
    });

    public Task BackfillAsync(long subscriber, IReadOnlyList<(Guid PostId, long AuthorId)> posts, DateTimeOffset now, CancellationToken cancellationToken) =>
        MongoStore.RunAsync(async () =>
        {
            if (posts.Count == 0)
                return;
            var ids = posts.Select(post => post.PostId).ToList();
            var before = (await FindAsync(ids, cancellationToken)).ToDictionary(seen => seen.Post);
            var entries = posts.DistinctBy(post => post.PostId)
                .Where(post => before.GetValueOrDefault(post.PostId)?.State != FanOutState.Withdrawn)
                .Select(post => Entry(subscriber, post.PostId, post.AuthorId, before.GetValueOrDefault(post.PostId)?.Version ?? 0, now)).ToList();
            if (entries.Count > 0)
                await InsertAsync(entries, cancellationToken);
            foreach (var withdrawn in (await FindAsync(ids, cancellationToken)).Where(seen => seen.State == FanOutState.Withdrawn))
                if (!before.TryGetValue(withdrawn.Post, out var known) || known.State != FanOutState.Withdrawn)
                    await RemoveAsync(withdrawn, cancellationToken); // withdrawn meanwhile
        });

    public Task<IReadOnlyList<InboxEntry>> ListAsync(long subscriber, Guid? before, int limit, CancellationToken cancellationToken) =>
        MongoStore.RunAsync<IReadOnlyList<InboxEntry>>(async () =>
        {
            var filter = Entries.Eq(e => e.Subscriber, subscriber);
            if (before is { } post)
                filter &= Entries.Lt(e => e.Post, post);
            var entries = await store.Inbox.Find(filter).SortByDescending(e => e.Post).Limit(limit).ToListAsync(cancellationToken);
            return [.. entries.Select(e => new InboxEntry(
                e.Post, e.Author, Microseconds.ToTime(e.AddedAt), e.ReadAt is { } readAt ? Microseconds.ToTime(readAt) : null))];
        });

    public Task<bool> MarkReadAsync(long subscriber, Guid postId, DateTimeOffset now, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        var entry = Entries.Eq(e => e.Subscriber, subscriber) & Entries.Eq(e => e.Post, postId);
        var read = Builders<InboxDocument>.Update.Set(e => e.ReadAt, Microseconds.Of(now)).Unset(e => e.Unread);
        var updated = await store.Inbox.UpdateOneAsync(entry & Entries.Eq(e => e.Unread, true), read, cancellationToken: cancellationToken);
        return updated.MatchedCount > 0 || await store.Inbox.Find(entry).AnyAsync(cancellationToken);
    });

    public Task<int> CountUnreadAsync(long subscriber, int atMost, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
        (int)await store.Inbox.CountDocumentsAsync(
            Entries.Eq(e => e.Subscriber, subscriber) & Entries.Eq(e => e.Unread, true), new CountOptions { Limit = atMost }, cancellationToken));

    public Task<IReadOnlySet<long>> GetFollowingsAsync(long subscriber, CancellationToken cancellationToken) =>
        MongoStore.RunAsync<IReadOnlySet<long>>(async () =>
            (await store.Followings.Find(f => f.Subscriber == subscriber).FirstOrDefaultAsync(cancellationToken))?.Authors.ToHashSet() ?? []);

    public Task SetFollowingsAsync(long subscriber, IReadOnlyCollection<long> authors, CancellationToken cancellationToken) => MongoStore.RunAsync(async () =>
    {
        var followings = new FollowingsDocument { Subscriber = subscriber, Authors = [.. authors.Distinct()] };
        for (var round = 1; ; round++)
        {
            try
            {
                await store.Followings.ReplaceOneAsync(f => f.Subscriber == subscriber, followings, new ReplaceOptions { IsUpsert = true }, cancellationToken);
                return;
            }
            catch (MongoException e) when (MongoStore.IsDuplicate(e) && round < MaxRounds)
            {
                // another first one was faster: this one replaces it
            }
        }
    });

    private static InboxDocument Entry(long subscriber, Guid post, long author, int version, DateTimeOffset now) => new()
    {
        Subscriber = subscriber, Post = post, Author = author, Version = version, AddedAt = Microseconds.Of(now), Unread = true,
    };

    /// <summary>Adds the entries that are absent, and tells those that are there that a newer version was here.</summary>
    private async Task AddAsync(IReadOnlyList<InboxDocument> entries, CancellationToken cancellationToken)
    {
        for (var round = 1; ; round++)
        {
            var present = await InsertAsync(entries, cancellationToken);
            if (present.Count == 0)
                return;
            var (post, version) = (entries[0].Post, entries[0].Version);
            var marked = await store.Inbox.UpdateManyAsync(
                Entries.Eq(e => e.Post, post) & Entries.In(e => e.Subscriber, present.Select(e => e.Subscriber)),
                Builders<InboxDocument>.Update.Max(e => e.Version, version), cancellationToken: cancellationToken);
            if (marked.MatchedCount == present.Count || round == MaxRounds)
                return;
            entries = present; // a withdrawal of an older version took some away in between
        }
    }

    /// <summary>Returns those that were there already.</summary>
    private async Task<IReadOnlyList<InboxDocument>> InsertAsync(IReadOnlyList<InboxDocument> entries, CancellationToken cancellationToken)
    {
        try
        {
            await store.Inbox.InsertManyAsync(entries, Unordered, cancellationToken);
            return [];
        }
        catch (MongoBulkWriteException<InboxDocument> e)
            when (e.WriteConcernError is null && e.WriteErrors.All(error => error.Category == ServerErrorCategory.DuplicateKey))
        {
            return [.. e.WriteErrors.Select(error => entries[error.Index])];
        }
    }

    /// <summary>False when there is a state already and it is not one of those.</summary>
    private async Task<bool> StoreAsync(
        Guid postId, FilterDefinition<FanOutDocument> over, int version, FanOutState state, string? cursor, CancellationToken cancellationToken)
    {
        var update = Builders<FanOutDocument>.Update.Set(f => f.Version, version).Set(f => f.State, state).Set(f => f.Cursor, cursor);
        for (var round = 1; ; round++)
        {
            var updated = await store.FanOuts.UpdateOneAsync(FanOuts.Eq(f => f.Post, postId) & over, update, cancellationToken: cancellationToken);
            if (updated.MatchedCount > 0)
                return true;
            if (await FindAsync(postId, cancellationToken) is not null)
            {
                // It may have come between the update and the look; then the update is due once more.
                if (round > 1)
                    return false;
                continue;
            }
            try
            {
                await store.FanOuts.InsertOneAsync(new() { Post = postId, Version = version, State = state, Cursor = cursor }, cancellationToken: cancellationToken);
                return true;
            }
            catch (MongoException e) when (MongoStore.IsDuplicate(e) && round < MaxRounds)
            {
                // another was faster
            }
        }
    }

    private Task RemoveAsync(FanOutDocument withdrawn, CancellationToken cancellationToken) =>
        store.Inbox.DeleteManyAsync(Entries.Eq(e => e.Post, withdrawn.Post) & Entries.Lte(e => e.Version, withdrawn.Version), cancellationToken);

    private async Task<FanOutDocument?> FindAsync(Guid postId, CancellationToken cancellationToken) =>
        await store.FanOuts.Find(f => f.Post == postId).FirstOrDefaultAsync(cancellationToken);

    private Task<List<FanOutDocument>> FindAsync(IReadOnlyCollection<Guid> postIds, CancellationToken cancellationToken) =>
        store.FanOuts.Find(FanOuts.In(f => f.Post, postIds)).ToListAsync(cancellationToken);
}
