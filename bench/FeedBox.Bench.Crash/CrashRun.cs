using System.Diagnostics;
using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Crash;

public sealed record CrashOptions
{
    public int Kills { get; init; } = 200;
    public int Terms { get; init; } = 20;
    public int Seed { get; init; } = 1;
    public double UserTeamFailures { get; init; } = 0.2;
}

/// <param name="Findings">Whatever was lost, doubled or answered wrongly, each in words.</param>
/// <param name="SlowestStop">From SIGTERM to the end of the process.</param>
public sealed record CrashResult(IReadOnlyList<string> Findings, TimeSpan SlowestStop, int Terms, int CleanStops)
{
    public static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    public bool IsMet => Findings.Count == 0 && SlowestStop <= StopLimit && CleanStops == Terms;

    public IEnumerable<string> Bars =>
    [
        FormattableString.Invariant($"bar crash-proof value={Findings.Count} target=0 {(Findings.Count == 0 ? "ok" : "short")}"),
        FormattableString.Invariant($"bar stop-seconds value={SlowestStop.TotalSeconds:0.00} target={StopLimit.TotalSeconds} {(SlowestStop <= StopLimit ? "ok" : "short")}"),
        FormattableString.Invariant($"bar clean-stops value={CleanStops} target={Terms} {(CleanStops == Terms ? "ok" : "short")}"),
    ];
}

/// <summary>
/// Kills the standalone edition at random moments under mixed load and starts it again on the same data; then stops it by SIGTERM under
/// load; then looks whether everything it ever answered is there, everywhere where it belongs, and once.
/// </summary>
public sealed class CrashRun
{
    private const double EarlyShare = 0.25;

    /// <summary>Writes that an incarnation answers before it ends: counted, not timed, so that a slow machine proves as much.</summary>
    private const int MaxAnswers = 150;
    private readonly CrashOptions _options;
    private readonly Action<string> _print;
    private readonly Random _random;
    private readonly Journal _journal = new();
    private readonly StandaloneEdition _feedBox;
    private readonly Server _server;
    private int _killedEarly;
    private int _cleanStops;
    private TimeSpan _slowestStop;

    private CrashRun(CrashOptions options, Action<string> print, string folder, Uri userTeam)
    {
        _options = options;
        _print = print;
        _random = new(options.Seed);
        _feedBox = new(folder, userTeam, _journal);
        _server = new(_journal, _feedBox.Door, _feedBox.Door, _feedBox.Door);
    }

    public static async Task<CrashResult> RunAsync(CrashOptions options, Action<string> print)
    {
        var folder = Directory.CreateTempSubdirectory("feedbox-crash-").FullName;
        try
        {
            using var userTeam = await ChildProcess.StartUserTeamAsync(folder, options.UserTeamFailures);
            var run = new CrashRun(options, print, folder, await userTeam.Ready);
            return await run.RunAsync(new(await userTeam.Ready));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<CrashResult> RunAsync(UserTeamTruth userTeam)
    {
        var watch = Stopwatch.StartNew();
        var cast = new Cast(_journal, _server, userTeam, _options.Seed);
        await using (var child = await _feedBox.StartAsync())
        {
            await cast.PrepareAsync();
            await _feedBox.KillAsync(child);
        }

        using (var load = new CancellationTokenSource())
        {
            var clients = cast.Play(load.Token);
            await KillAsync(clients);
            await StopAsync(clients);
            await load.CancelAsync();
            await Task.WhenAll(clients);
        }
        _print($"{_options.Kills} kills ({_killedEarly} of them before it was ready), {_options.Terms} stops, {_feedBox.Starts} starts in {watch.Elapsed.TotalSeconds:0} s; seed {_options.Seed}");

        await using (var child = await _feedBox.StartAsync())
        {
            await cast.SettleAsync();
            await Verification.DrainAsync(_server, _journal);
            await new Verification(cast, _server, userTeam, _journal).RunAsync();
            await child.TerminateAsync();
        }
        StoredState.Check(_feedBox.DatabasePath, cast, _journal);

        foreach (var line in _journal.Describe())
            _print(line);
        _print($"verified after {watch.Elapsed.TotalSeconds:0} s; in flight when the stop began: {_feedBox.Door.FinishedInFlight} answered, {_feedBox.Door.CutInFlight} cut off");
        return new(_journal.Findings, _slowestStop, _options.Terms, _cleanStops);
    }

    private async Task KillAsync(IReadOnlyList<Task> clients)
    {
        for (var kill = 1; kill <= _options.Kills; kill++)
        {
            if (_random.NextDouble() < EarlyShare)
            {
                _killedEarly++;
                await using var child = _feedBox.Spawn();
                await Task.Delay(_random.Next(0, 1_000));
                await _feedBox.KillAsync(child);
            }
            else
            {
                await using var child = await _feedBox.StartAsync();
                await _journal.AnswersAsync(_random.Next(MaxAnswers));
                await _feedBox.KillAsync(child);
            }
            FailWith(clients);
            if (kill % 20 == 0)
                _print($"{kill} kills: {_journal.Summary}");
        }
    }

    private async Task StopAsync(IReadOnlyList<Task> clients)
    {
        for (var stop = 1; stop <= _options.Terms; stop++)
        {
            await using var child = await _feedBox.StartAsync();
            await _journal.AnswersAsync(_random.Next(MaxAnswers));
            var (exitCode, took) = await _feedBox.TerminateAsync(child);
            if (took > _slowestStop)
                _slowestStop = took;
            if (exitCode == 0)
                _cleanStops++;
            else
                _print($"stop {stop}: exit code {exitCode}\n{child.Output}");
            FailWith(clients);
        }
    }

    /// <summary>A client that ends early has a defect of its own; without it the load would not be what it says.</summary>
    private static void FailWith(IReadOnlyList<Task> clients)
    {
        if (clients.FirstOrDefault(client => client.IsFaulted) is { } faulted)
            faulted.GetAwaiter().GetResult();
    }
}
