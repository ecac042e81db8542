using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Pipeline.Coupons;
using FeedBox.Sqlite;
using FeedBox.Sqlite.Coupons;
using FeedBox.Sqlite.Events;
using FeedBox.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Tests.Coupons;

/// <summary>Requests, log, writer and store as the standalone edition runs them, on one file.</summary>
public sealed class CouponStampedeTests : IDisposable
{
    private const int Users = 1_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("feedbox-").FullName;
    private readonly ConcurrentQueue<(long User, CouponAnswer Answer)> _answers = [];
    private readonly CouponEvent _event = new(
        Guid.CreateVersion7(), "선착순 100명", 100, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(1));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact, Trait("Weakness", "H33")]
    public async Task A_stampede_of_two_requests_by_each_of_a_thousand_users_issues_exactly_100_and_tells_every_repeat()
    {
        // Its clock stands still: nobody is put off for taking long.
        await using (var process = new Process(_folder, new ManualTime(DateTimeOffset.UtcNow)))
        {
            await process.Coupons.AddEventAsync(_event, default);
            await StampedeAsync(process, requestsEach: 2);
            await process.WrittenAsync();
        }

        Assert.Equal(100, Count(CouponAnswer.Accepted));
        Assert.Equal(100, Count(CouponAnswer.AlreadyRequested));
        Assert.Equal(1_800, Count(CouponAnswer.SoldOut));
        await using var again = new Process(_folder);
        await AssertExactAsync(again);
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_restarts_in_the_middle_of_a_stampede_change_nothing()
    {
        for (var start = 0; start < 6; start++)
        {
            await using var process = new Process(_folder);
            await process.Coupons.AddEventAsync(_event, default);
            var running = StampedeAsync(process, requestsEach: 1);
            await Task.Delay(10 * start);
            process.Log.Refuse = true; // from here on nobody is answered; what was, is on the file
            await running;
        }

        await using var last = new Process(_folder);
        await StampedeAsync(last, requestsEach: 1);
        await last.WrittenAsync();
        await AssertExactAsync(last);
    }

    private int Count(CouponAnswer answer) => _answers.Count(entry => entry.Answer == answer);

    private async Task StampedeAsync(Process process, int requestsEach)
    {
        var requests = Enumerable.Range(0, Users * requestsEach).Select(i => 1L + i % Users).ToArray();
        Random.Shared.Shuffle(requests);
        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (user, _) =>
        {
            try
            {
                _answers.Enqueue((user, await process.Requests.ExecuteAsync(_event.Id, user, default)));
            }
            catch (DependencyUnavailableException)
            {
            }
        });
    }

    private async Task AssertExactAsync(Process process)
    {
        var holders = new HashSet<long>();
        for (var user = 1L; user <= Users; user++)
        {
            var usable = await process.Coupons.ListUsableAsync(user, DateTimeOffset.UtcNow, null, 10, default);
            Assert.InRange(usable.Count, 0, 1);
            if (usable.Count == 1)
                holders.Add(user);
        }
        Assert.Equal(100, holders.Count);
        Assert.All(_answers, entry => Assert.True(entry.Answer == CouponAnswer.SoldOut || holders.Contains(entry.User)));
        Assert.All(_answers.Where(entry => entry.Answer == CouponAnswer.Accepted).CountBy(entry => entry.User), user => Assert.Equal(1, user.Value));
        for (var user = 1L; user <= Users; user++)
            Assert.Equal(
                holders.Contains(user) ? CouponAnswer.AlreadyRequested : CouponAnswer.SoldOut, await InsistAsync(process, user));
    }

    private async Task<CouponAnswer> InsistAsync(Process process, long user)
    {
        for (var end = Environment.TickCount64 + (long)Eventually.Patience.TotalMilliseconds; ;)
        {
            try
            {
                return await process.Requests.ExecuteAsync(_event.Id, user, default);
            }
            catch (DependencyUnavailableException) when (Environment.TickCount64 < end)
            {
            }
        }
    }

    private sealed class Process : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly SqliteDatabase _database;
        private readonly Task _consuming;

        public Process(string folder, TimeProvider? clients = null)
        {
            var options = new SqliteOptions { Path = Path.Combine(folder, "feedbox.db") };
            _database = SqliteDatabase.Open(options);
            Coupons = new SqliteCouponStore(_database);
            Log = new(new SqliteEventLog(_database, options, TimeProvider.System));
            Log.EnsureTopicsAsync(Topics.All, default).Wait();
            clients ??= TimeProvider.System;
            Requests = new(Coupons, new MemoryCouponGate(), Log, new(Log, clients, new()), clients);
            var issue = new IssueCoupons(
                Coupons, new LocalCouponWritePace(TimeProvider.System), Options.Create(new CouponOptions { WriteInterval = TimeSpan.FromMilliseconds(50) }), TimeProvider.System);
            var runtime = new ConsumerRuntime(issue, Log, new(), TimeProvider.System, NullLogger<ConsumerRuntime>.Instance);
            _consuming = Task.Run(() => runtime.RunAsync(_stop.Token));
        }

        public ICouponStore Coupons { get; }
        public RefusableLog Log { get; }
        public RequestCoupon Requests { get; }

        public Task WrittenAsync() => Eventually.TrueAsync(
            () => Log.LagAsync(ConsumerGroups.CouponIssue, [Topics.CouponRequest], default).Result.All(lag => lag.Lag == 0), "everything is written");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _consuming;
            _database.Dispose();
            _stop.Dispose();
        }
    }

    private sealed class RefusableLog(IEventLog log) : IEventLog
    {
        public volatile bool Refuse;

        public Task EnsureTopicsAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken) => log.EnsureTopicsAsync(topics, cancellationToken);

        public Task AppendAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken) =>
            Refuse ? throw new DependencyUnavailableException("log", TimeSpan.FromSeconds(1)) : log.AppendAsync(messages, cancellationToken);

        public IEventLogReader Subscribe(string group, IReadOnlyList<string> topics, IPartitionListener listener) => log.Subscribe(group, topics, listener);

        public Task<IReadOnlyList<PartitionLag>> LagAsync(string group, IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
            log.LagAsync(group, topics, cancellationToken);
    }
}
