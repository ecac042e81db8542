using System.Runtime.InteropServices;
using FeedBox.Bench;
using FeedBox.Bench.Crowd;
using FeedBox.Bench.Failures;

if (args.Any(arg => arg is not ("--quick" or "--only" or "--crash" or "--kills" or "--seed") && arg.StartsWith("--", StringComparison.Ordinal)))
{
    Console.Error.WriteLine("usage: FeedBox.Bench.Failures [--quick] [--only FAILURE] [--crash [--kills 60]] [--seed 1]");
    return 2;
}
if (Environment.GetEnvironmentVariable("FEEDBOX_SERVERS") is not { Length: > 0 } programs)
{
    Console.Error.WriteLine("FEEDBOX_SERVERS names no folder with the programs SERVER/start.");
    return 2;
}

var journal = new Journal();
House? house = null;
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Leave);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Leave);
var report = Report.From(args, Edition.Full);
var slowestDrain = TimeSpan.Zero;
if (args.Contains("--crash"))
{
    await PlayAsync(Failure.Crashes(Number("--kills", 60)));
}
else
{
    foreach (var failure in Failure.All)
        await PlayAsync(failure);
    if (!args.Contains("--only"))
        report.Add("failures-slowest-drain", slowestDrain.TotalSeconds, "s", Target.AtMost(FailureRun.DrainLimit.TotalSeconds),
            "from the end of the load, 10 s after that of the failure's cause, until nothing was under way");
}
return Math.Max(report.Close(), journal.Findings.Count == 0 ? 0 : 1);

// Each in a house of its own: what one failure leaves behind is not in the way of the next.
Task PlayAsync(Failure failure) => report.RunAsync(failure.Name, async () =>
{
    try
    {
        house = new(Path.GetFullPath(programs), journal);
        await house.StartAsync();
        var drained = await new FailureRun(house, journal, report, Number("--seed", 1)).PlayAsync(failure);
        house.IsDone = true;
        slowestDrain = drained > slowestDrain ? drained : slowestDrain;
    }
    finally
    {
        house?.Dispose();
        house = null;
    }
});

int Number(string option, int otherwise) =>
    Array.IndexOf(args, option) is >= 0 and var at && at + 1 < args.Length && int.TryParse(args[at + 1], out var number) ? number : otherwise;

// Whatever was started ends with this program.
void Leave(PosixSignalContext signal)
{
    house?.Dispose();
    Environment.Exit(1);
}
