using FeedBox.Core;
using FeedBox.MongoDB.DeadLetters;
using FeedBox.MongoDB.Events;
using FeedBox.MongoDB.Inbox;
using Microsoft.Extensions.Options;
using MongoDB.Bson;
using MongoDB.Driver;

namespace FeedBox.MongoDB;

/// <summary>
/// The database as every feature uses it: its collections, written durably, and one exception for "nobody answers".
/// Every operation is one document or may be repeated; nothing needs a transaction.
/// </summary>
public sealed class MongoStore
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    // Troubles of the server, none of what it was asked.
    private const int WithoutCode = -1, InternalError = 1, UnknownError = 8, LockTimeout = 24, WriteConflict = 112, ExceededTimeLimit = 262, OutOfDiskSpace = 14031;

    private readonly IMongoDatabase _database;

    public MongoStore(IMongoClient client, IOptions<MongoOptions> options)
    {
        Options = options.Value;
        var name = MongoUrl.Create(Options.ConnectionString).DatabaseName ?? Options.Database;
        _database = client.GetDatabase(name).WithWriteConcern(WriteConcern.WMajority);
    }

    internal MongoOptions Options { get; }

    internal IMongoCollection<InboxDocument> Inbox => _database.GetCollection<InboxDocument>("inbox");
    internal IMongoCollection<FanOutDocument> FanOuts => _database.GetCollection<FanOutDocument>("inbox_fan_outs");
    internal IMongoCollection<FollowingsDocument> Followings => _database.GetCollection<FollowingsDocument>("inbox_followings");
    internal IMongoCollection<DeadLetterDocument> DeadLetters => _database.GetCollection<DeadLetterDocument>("dead_letters");
    internal IMongoCollection<FailedPublicationDocument> FailedPublications => _database.GetCollection<FailedPublicationDocument>("failed_publications");

    internal Task PingAsync(CancellationToken cancellationToken) =>
        RunAsync(() => _database.RunCommandAsync<BsonDocument>(new BsonDocument("ping", 1), cancellationToken: cancellationToken));

    /// <exception cref="DependencyUnavailableException">No server answers, or none can do it now.</exception>
    internal static async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception e) when (IsOutage(e))
        {
            throw new DependencyUnavailableException("mongo", RetryAfter, e);
        }
    }

    private static bool IsOutage(Exception e) => e
        is MongoConnectionException or MongoConnectionPoolPausedException or MongoWaitQueueFullException or TimeoutException
        or MongoExecutionTimeoutException or MongoNotPrimaryException or MongoNodeIsRecoveringException or MongoWriteConcernException
        or MongoBulkWriteException { WriteConcernError: not null }
        or MongoCommandException { Code: WithoutCode or InternalError or UnknownError or LockTimeout or WriteConflict or ExceededTimeLimit or OutOfDiskSpace };

    internal static Task RunAsync(Func<Task> work) =>
        RunAsync(async () =>
        {
            await work();
            return true;
        });

    internal static bool IsDuplicate(MongoException e) => e
        is MongoWriteException { WriteError.Category: ServerErrorCategory.DuplicateKey }
        or MongoCommandException { Code: 11000 };
}

/// <summary>Times as whole microseconds since 1970: a BSON date would lose what lies below the millisecond.</summary>
internal static class Microseconds
{
    public static long Of(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset ToTime(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
