using FeedBox.Core;
using FeedBox.MongoDB.DeadLetters;
using FeedBox.MongoDB.Inbox;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MongoDB.Driver;

namespace FeedBox.MongoDB;

/// <summary>Makes the indexes before anything else starts; those that are there already stay.</summary>
internal sealed partial class MongoIndexes(MongoStore store, TimeProvider time, ILogger<MongoIndexes> logger) : IHostedService
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await MongoStore.RunAsync(() => CreateAsync(cancellationToken));
                return;
            }
            catch (DependencyUnavailableException e) when (time.GetElapsedTime(started) < store.Options.StartTimeout)
            {
                LogNotYet(e);
                await Task.Delay(RetryDelay, time, cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        var entry = Builders<InboxDocument>.IndexKeys;
        await store.Inbox.Indexes.CreateManyAsync(
        [
            new(entry.Ascending(e => e.Subscriber).Descending(e => e.Post), new CreateIndexOptions { Name = "subscriber_post", Unique = true }),
            new(entry.Ascending(e => e.Post).Ascending(e => e.Version), new CreateIndexOptions { Name = "post_version" }),
            new(entry.Ascending(e => e.Subscriber).Ascending(e => e.Unread),
                new CreateIndexOptions<InboxDocument> { Name = "unread", PartialFilterExpression = Builders<InboxDocument>.Filter.Eq(e => e.Unread, true) }),
        ], cancellationToken);

        var letter = Builders<DeadLetterDocument>.IndexKeys;
        await store.DeadLetters.Indexes.CreateManyAsync(
        [
            new(letter.Ascending(l => l.Topic).Ascending(l => l.Partition).Ascending(l => l.Offset).Ascending(l => l.Group),
                new CreateIndexOptions { Name = "place", Unique = true }),
            new(letter.Ascending(l => l.Waiting).Ascending(l => l.Id), new CreateIndexOptions { Name = "waiting" }),
            new(letter.Ascending(l => l.RemovedAt), new CreateIndexOptions { Name = "removed", ExpireAfter = store.Options.RemovedDeadLettersKeptFor }),
        ], cancellationToken);
    }

    [LoggerMessage(LogLevel.Warning, "The indexes cannot be made yet")]
    private partial void LogNotYet(Exception e);
}
