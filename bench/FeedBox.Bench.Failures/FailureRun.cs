using System.Diagnostics;
using System.Globalization;
using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Failures;

/// <summary>
/// Breaks one part of the full edition under mixed load. When all that was under way has arrived, looks whether everything that was
/// answered is there, everywhere where it belongs, and once.
/// </summary>
internal sealed class FailureRun(House house, Journal journal, Report report, int seed)
{
    public static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(60);
    private const int Crowd = 320;
    private static readonly TimeSpan CalmBefore = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CalmAfter = TimeSpan.FromSeconds(10);
    private readonly TimeSpan _outage = TimeSpan.FromSeconds(report.IsQuick ? 15 : 60);

    /// <summary>How long it took, from the end of the load, until nothing was under way.</summary>
    public async Task<TimeSpan> PlayAsync(Failure failure)
    {
        var (counts, findings) = (journal.Counts, journal.Findings.Count);
        var watch = new Stopwatch();
        var cast = new Cast(journal, house.FeedBox.Server, house.FeedBox.UserTeam, seed, failure.Pace, Crowd);
        await cast.PrepareAsync();
        using (var load = new CancellationTokenSource())
        {
            var clients = cast.Play(load.Token);
            try
            {
                await Task.Delay(CalmBefore);
                await failure.Strike(new(house, cast, _outage, new(seed)));
                await Task.Delay(CalmAfter);
            }
            finally
            {
                watch.Start();
                await load.CancelAsync();
                await Task.WhenAll(clients);
            }
        }
        await Verification.DrainAsync(house.FeedBox.Server, journal);
        watch.Stop();

        await cast.SettleAsync();
        await Verification.DrainAsync(house.FeedBox.Server, journal);
        await new Verification(cast, house.FeedBox.Server, house.FeedBox.UserTeam, journal).RunAsync();
        house.FeedBox.CheckAlive();

        var found = journal.Findings.Skip(findings).ToList();
        foreach (var finding in found.Take(60))
            Console.WriteLine($"    {finding}");
        report.Add($"failure-{failure.Name}", found.Count, "", Target.Exactly(0), Describe(counts, found, watch.Elapsed));
        return watch.Elapsed;
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
}
