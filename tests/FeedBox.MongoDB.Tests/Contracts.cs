using FeedBox.Core;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.PortContracts.DeadLetters;
using FeedBox.PortContracts.Events;
using FeedBox.PortContracts.Inbox;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using MongoDB.Driver;

namespace FeedBox.MongoDB.Tests;

public sealed class MongoInboxStoreTests(MongoDatabase database) : InboxStoreContract, IClassFixture<MongoDatabase>
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    protected override IInboxStore Inbox => database.Service<IInboxStore>();

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_what_a_dead_process_added_after_the_withdrawal_goes_when_its_event_comes_again()
    {
        var (post, subscriber) = (Guid.CreateVersion7(), Random.Shared.NextInt64());
        await Inbox.WithdrawAsync(post, 2, default);
        await database.Service<MongoStore>().Inbox.InsertOneAsync(new() { Subscriber = subscriber, Post = post, Author = 1, Version = 1, Unread = true });

        Assert.True((await Inbox.GetFanOutAsync(post, 1, default)).Finished);

        Assert.Empty(await Inbox.ListAsync(subscriber, null, 10, default));
    }

    [Fact, Trait("Weakness", "H23")]
    public async Task H23_a_newer_fan_out_keeps_its_entries_through_the_withdrawal_of_the_version_before()
    {
        for (var round = 0; round < 20; round++)
        {
            var post = Guid.CreateVersion7();
            var subscribers = Enumerable.Range(0, 50).Select(_ => Random.Shared.NextInt64()).ToArray();
            await Inbox.AddAsync(post, 1, 7, subscribers, null, Now, default);

            await Task.WhenAll(
                Task.Run(() => Inbox.WithdrawAsync(post, 2, default)),
                Task.Run(() => Inbox.AddAsync(post, 3, 7, subscribers, null, Now, default)));

            foreach (var subscriber in subscribers)
                Assert.Single(await Inbox.ListAsync(subscriber, null, 10, default));
        }
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_says_nothing_else()
    {
        _ = Inbox;
        await using var process = MongoDatabase.Compose("mongodb://127.0.0.1:1", "feedbox_test");
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => process.GetRequiredService<IInboxStore>().ListAsync(1, null, 10, default));
    }
}

public sealed class MongoDeadLetterStoreTests(MongoDatabase database) : DeadLetterStoreContract, IClassFixture<MongoDatabase>
{
    protected override IDeadLetterStore Letters => database.Service<IDeadLetterStore>();
}

public sealed class MongoFailedPublicationsTests(MongoDatabase database) : FailedPublicationsContract, IClassFixture<MongoDatabase>
{
    protected override IFailedPublications Publications => database.Service<IFailedPublications>();

    [Fact, Trait("Weakness", "K6")]
    public async Task K6_a_server_that_is_not_there_keeps_nothing_and_says_so()
    {
        _ = Publications;
        await using var process = MongoDatabase.Compose("mongodb://127.0.0.1:1", "feedbox_test");
        await Assert.ThrowsAsync<DependencyUnavailableException>(() =>
            process.GetRequiredService<IFailedPublications>().KeepAsync(new(Guid.CreateVersion7(), new("topic", "key", new byte[] { 1 }, [])), default));
    }
}

public sealed class MongoIndexTests(MongoDatabase database) : IClassFixture<MongoDatabase>
{
    [Fact]
    public async Task Processes_that_start_together_make_the_indexes_once()
    {
        var client = database.Service<IMongoClient>();
        var (address, name) = (Environment.GetEnvironmentVariable("ConnectionStrings__mongo")!, $"feedbox_test_{Guid.NewGuid():N}"[..30]);
        var processes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => MongoDatabase.ProcessAsync(address, name))));

        var indexes = await (await processes[0].GetRequiredService<MongoStore>().Inbox.Indexes.ListAsync()).ToListAsync();

        Assert.Equal(["_id_", "post_version", "subscriber_post", "unread"], indexes.Select(index => index["name"].AsString).Order());
        await client.DropDatabaseAsync(name);
        foreach (var process in processes)
            await process.DisposeAsync();
    }
}

/// <summary>On a server of its own, which is killed.</summary>
public sealed class MongoRestartTests
{
    [Fact]
    public async Task What_was_answered_is_there_after_a_kill_and_clients_find_the_server_again()
    {
        Assert.SkipUnless(ServerProcess.Available, $"{ServerProcess.Variable} is not set");
        await using var server = await ServerProcess.StartAsync("mongo");
        await using var process = await MongoDatabase.ProcessAsync($"mongodb://127.0.0.1:{server.Port}", "feedbox");
        var inbox = process.GetRequiredService<IInboxStore>();
        var answered = new List<Guid>();
        using var stop = new CancellationTokenSource();
        // Many at once, so that some meet each state that the client's connections can be in.
        var adding = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var post = Guid.CreateVersion7();
                try
                {
                    await inbox.AddAsync(post, 1, 7, [42], null, DateTimeOffset.UtcNow, default);
                    lock (answered)
                        answered.Add(post);
                    await inbox.ListAsync(42, null, 1, default);
                }
                catch (DependencyUnavailableException)
                {
                    await Task.Delay(5);
                }
            }
        })));

        await Eventually.TrueAsync(() => answered.Count > 50, "posts are added");
        await server.KillAsync();
        await server.StartAsync();
        var before = answered.Count;
        await Eventually.TrueAsync(() => answered.Count > before + 20, "posts are added again");
        await stop.CancelAsync();
        await adding;

        var there = (await inbox.ListAsync(42, null, 100_000, default)).Select(entry => entry.PostId).ToHashSet();
        Assert.Subset(there, answered.ToHashSet());
    }
}
