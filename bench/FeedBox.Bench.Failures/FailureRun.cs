using System.Diagnostics;
using System.Globalization;
using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Failures;

/// <param name="Strike">From the beginning of the failure until its cause is gone.</param>
internal sealed record Failure(string Name, Func<Task> Strike);

/// <summary>
/// Breaks one part of the full edition after the other under mixed load. After each, when all that was under way has arrived, looks
/// whether everything that was answered is there, everywhere where it belongs, and once.
/// </summary>
internal sealed class FailureRun(Servers servers, FullEdition feedBox, Journal journal, Report report, int seed)
{
    private const int Pace = 6;
    private const int Crowd = 320;
    private static readonly TimeSpan CalmBefore = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(60);
    private readonly Cast _cast = new(journal, feedBox.Server, feedBox.UserTeam, seed, Pace, Crowd);
    private readonly Random _random = new(seed);
    private readonly TimeSpan _outage = TimeSpan.FromSeconds(report.IsQuick ? 15 : 60);
    private TimeSpan _slowestDrain;

    private IEnumerable<Failure> Failures =>
    [
        new("kafka-killed", () => DownAsync("kafka", _outage / 4)),
        new("worker-killed", KillWorkersAsync),
        new("redis-flushed", FlushAsync),
        new("redis-killed", () => DownAsync("redis", _outage / 4)),
        new("mysql-killed", () => DownAsync("mysql", _outage / 4)),
        new("relay-frozen", FreezeAsync),
        new("user-team-down", UserTeamDownAsync),
        new("elasticsearch-down", () => DownAsync("elasticsearch", _outage)),
        new("mongo-down", () => DownAsync("mongo", _outage)),
    ];

    public async Task FailAsync()
    {
        await _cast.PrepareAsync();
        foreach (var failure in Failures)
            await report.RunAsync(failure.Name, () => FailAsync(failure));
        await new Verification(_cast, feedBox.Server, feedBox.UserTeam, journal).RunAsync();
        report.Add("failures-slowest-drain", _slowestDrain.TotalSeconds, "s", Target.AtMost(DrainLimit.TotalSeconds),
            "from the end of a failure's cause until nothing was under way");
    }

    /// <summary>Kills processes of our own at random moments, each started again on the spot.</summary>
    public async Task CrashAsync(int kills)
    {
        await _cast.PrepareAsync();
        await FailAsync(new("crashes", async () =>
        {
            for (var kill = 1; kill <= kills; kill++)
            {
                var name = FullEdition.Names[_random.Next(FullEdition.Names.Count)];
                await Task.Delay(_random.Next(3_000));
                await feedBox.KillAsync(name);
                await feedBox.StartAsync(name);
                if (kill % 10 == 0)
                    Console.WriteLine($"{kill} kills: {journal.Summary}");
            }
        }));
    }

    private async Task FailAsync(Failure failure)
    {
        var (begun, counts, findings) = (DateTimeOffset.UtcNow, journal.Counts, journal.Findings.Count);
        var watch = new Stopwatch();
        using (var load = new CancellationTokenSource())
        {
            var clients = _cast.Play(load.Token);
            try
            {
                await Task.Delay(CalmBefore);
                await failure.Strike();
            }
            finally
            {
                watch.Start();
                await load.CancelAsync();
                await Task.WhenAll(clients);
            }
        }
        await Verification.DrainAsync(feedBox.Server, journal);
        watch.Stop();
        if (watch.Elapsed > _slowestDrain)
            _slowestDrain = watch.Elapsed;

        await _cast.SettleAsync();
        await Verification.DrainAsync(feedBox.Server, journal);
        await new Verification(_cast, feedBox.Server, feedBox.UserTeam, journal, begun).RunAsync();
        feedBox.CheckAlive();

        var found = journal.Findings.Skip(findings).ToList();
        foreach (var finding in found.Take(60))
            Console.WriteLine($"    {finding}");
        report.Add($"failure-{failure.Name}", found.Count, "", Target.Exactly(0), Describe(counts, found, watch.Elapsed));
    }

    private string Describe(IReadOnlyDictionary<string, int> before, IReadOnlyList<string> found, TimeSpan drained)
    {
        var counts = journal.Counts.ToDictionary(entry => entry.Key, entry => entry.Value - before.GetValueOrDefault(entry.Key));
        var failed = counts.Where(entry => entry.Key.StartsWith(Journal.FailedKind, StringComparison.Ordinal) && entry.Value > 0)
            .OrderByDescending(entry => entry.Value).Select(entry => $"{entry.Value} × {entry.Key[Journal.FailedKind.Length..]}").ToList();
        return string.Create(CultureInfo.InvariantCulture,
            $"writes: {Count("answered")} answered, {Count("unanswered")} without an answer, {Count("refused")} refused; " +
            $"{Found("lost")} lost, {Found("duplicated")} doubled, {Found("wrong")} wrong; " +
            $"checked {Count("texts searched for")} texts, {Count("inbox entries")} inbox entries, {Count("coupons")} coupons of {Count("coupon events sold out")} events; " +
            $"drained after {drained.TotalSeconds:0.0} s; 5xx: {(failed.Count == 0 ? "none" : string.Join(", ", failed))}");

        int Count(string what) => counts.GetValueOrDefault(what);
        int Found(string kind) => found.Count(finding => finding.StartsWith(kind, StringComparison.Ordinal));
    }

    private async Task DownAsync(string server, TimeSpan time)
    {
        await servers.KillAsync(server);
        await Task.Delay(time);
        await servers.StartAsync(server);
    }

    /// <summary>Work is always under way, so any moment is in the middle of a batch.</summary>
    private async Task KillWorkersAsync()
    {
        for (var kill = 0; kill < (report.IsQuick ? 2 : 4); kill++)
        {
            await feedBox.KillAsync("workers-1");
            await Task.Delay(_outage / 8);
            await feedBox.StartAsync("workers-1");
            await Task.Delay(_random.Next(2_000, 4_000));
        }
    }

    private async Task FlushAsync()
    {
        for (var flush = 0; flush < 3; flush++)
        {
            await _cast.Coupons.MiddleOfEventAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await servers.FlushRedisAsync();
            await Task.Delay(_outage / 8);
        }
    }

    /// <summary>Longer than the 9 s after which a silent relay's shards go to others; it wakes up in the middle of its batch.</summary>
    private async Task FreezeAsync()
    {
        for (var freeze = 0; freeze < 2; freeze++)
        {
            feedBox.Freeze("workers-1");
            await Task.Delay(_outage);
            feedBox.Thaw("workers-1");
            await Task.Delay(TimeSpan.FromSeconds(5));
        }
    }

    private async Task UserTeamDownAsync()
    {
        await feedBox.SetUserTeamAsync(down: true);
        await Task.Delay(_outage);
        await feedBox.SetUserTeamAsync(down: false);
    }
}
