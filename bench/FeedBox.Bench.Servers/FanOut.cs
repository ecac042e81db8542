using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.UserTeam;
using FeedBox.MongoDB;
using FeedBox.MongoDB.Inbox;
using FeedBox.Pipeline.Inbox;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MongoDB.Bson;
using MongoDB.Driver;

namespace FeedBox.Bench.Servers;

/// <summary>
/// A post of an author with 100,000 followers through the handler that fans out, against insertMany of the same documents in the same chunks
/// into a collection with the same indexes, written as durably.
/// </summary>
internal static class FanOut
{
    private const long Author = 1;

    /// <summary>After the warm-up; each is a hundred thousand entries for either, which a small server takes a minute for.</summary>
    private const int Rounds = 1;
    private static readonly int Chunk = new FanOutOptions().ChunkSize;

    public static async Task RunAsync(Report report)
    {
        const string bar = "mongo-fan-out-rate";
        if (!Server.IsThere(bar, "mongo"))
            return;
        var address = new MongoUrlBuilder(Server.Address("mongo")) { DatabaseName = $"feedbox_bench_{Random.Shared.Next():x}" };
        using var client = new MongoClient(address.ToMongoUrl());
        var database = client.GetDatabase(address.DatabaseName).WithWriteConcern(WriteConcern.WMajority);
        try
        {
            await using var process = await Server.StartAsync(
                (services, configuration) => services.AddFeedBoxMongoDB(configuration),
                KeyValuePair.Create("ConnectionStrings:mongo", (string?)address.ToString()));
            var followers = report.Size(100_000);
            var fanOut = ActivatorUtilities.CreateInstance<FanOutPosts>(process, new Followers(followers), Options.Create(new FanOutOptions()));
            var bareInbox = await LikeAsync(database, process.GetRequiredService<MongoStore>().Inbox);
            var memory = 0.0;
            var idle = Resident();
            var (bare, feedBox) = await Turns.MedianRatesAsync(
                () => InsertAsync(bareInbox, followers),
                async () =>
                {
                    (var rate, memory) = await HandleAsync(fanOut, followers);
                    return rate;
                }, Rounds);
            var build = await database.RunCommandAsync<BsonDocument>(new BsonDocument("buildInfo", 1));
            var count = await database.GetCollection<BsonDocument>("inbox").CountDocumentsAsync(FilterDefinition<BsonDocument>.Empty);
            if (count != (Rounds + 1L) * followers)
                throw new InvalidOperationException($"The inboxes hold {count} entries.");
            var server = $"MongoDB's protocol {build["version"]}";
            report.Add(bar, feedBox / bare, "", Target.AtLeast(0.5),
                $"{followers:#,0} inboxes at {feedBox:#,0}/s; bare insertMany of the same documents, {Chunk:#,0} at a time, {bare:#,0}/s; "
                + $"one turn each after the warm-up; {server}");
            report.Add("mongo-fan-out-memory", memory, "MB", Target.AtMost(50), $"above the {idle:0} MB before; {server}");
        }
        finally
        {
            await client.DropDatabaseAsync(address.DatabaseName);
        }
    }

    private static async Task<(double Rate, double Memory)> HandleAsync(FanOutPosts fanOut, int followers)
    {
        var post = new PostApproved(
            Guid.CreateVersion7(), 1, First: true, Author, CategoryId: 2, "건강", "제목", "내용", [], DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        var e = EventCodec.Create(EventTypes.PostApproved, post.PostId.ToString(), post, EventJson.Default.PostApproved, DateTimeOffset.UtcNow);
        GC.Collect();
        var idle = Resident();
        using var done = new CancellationTokenSource();
        var peak = WatchMemoryAsync(done.Token);
        var started = Stopwatch.GetTimestamp();
        await fanOut.HandleAsync(e, CancellationToken.None);
        var elapsed = Stopwatch.GetElapsedTime(started);
        await done.CancelAsync();
        return (followers / elapsed.TotalSeconds, Math.Max(0, await peak - idle));
    }

    private static async Task<double> InsertAsync(IMongoCollection<InboxDocument> inbox, int followers)
    {
        var (post, now) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow);
        var started = Stopwatch.GetTimestamp();
        for (var first = 0; first < followers; first += Chunk)
            await inbox.InsertManyAsync(Enumerable.Range(first, Math.Min(Chunk, followers - first)).Select(n => new InboxDocument
            {
                Subscriber = n, Post = post, Author = Author, Version = 1, AddedAt = Microseconds.Of(now), Unread = true,
            }), new InsertManyOptions { IsOrdered = false });
        return followers / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>An empty collection with the same indexes.</summary>
    private static async Task<IMongoCollection<InboxDocument>> LikeAsync(IMongoDatabase database, IMongoCollection<InboxDocument> collection)
    {
        var indexes = new BsonArray();
        foreach (var index in await (await collection.Indexes.ListAsync()).ToListAsync())
            if (index["name"] != "_id_")
            {
                index.Remove("ns");
                index.Remove("v");
                indexes.Add(index);
            }
        await database.RunCommandAsync<BsonDocument>(new BsonDocument { ["createIndexes"] = "bare", ["indexes"] = indexes });
        return database.GetCollection<InboxDocument>("bare");
    }

    private static async Task<double> WatchMemoryAsync(CancellationToken done)
    {
        var peak = 0.0;
        while (!done.IsCancellationRequested)
        {
            peak = Math.Max(peak, Resident());
            await Task.Delay(10, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return peak;
    }

    private static double Resident() => Environment.WorkingSet / (double)(1 << 20);

    /// <summary>Numbers from 0, page by page.</summary>
    private sealed class Followers(int count) : IUserTeam
    {
        public Task<Page<long>> GetFollowersAsync(long followingId, string? cursor, int limit, CancellationToken cancellationToken)
        {
            var first = cursor is null ? 0 : int.Parse(cursor);
            var page = Enumerable.Range(first, Math.Min(limit, count - first)).Select(n => (long)n).ToList();
            return Task.FromResult(new Page<long>(page, first + page.Count < count ? $"{first + page.Count}" : null));
        }

        public Task<User?> GetUserAsync(long id, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<IReadOnlyList<User>> GetUsersAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<Category?> GetCategoryAsync(long id, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<IReadOnlyList<Category>> GetCategoriesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task<IReadOnlyList<long>> GetFollowingsAsync(long followerId, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task FollowAsync(long followerId, long followingId, CancellationToken cancellationToken) => throw new NotSupportedException();
        public Task UnfollowAsync(long followerId, long followingId, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
