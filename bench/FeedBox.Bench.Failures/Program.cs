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

var folder = Directory.CreateTempSubdirectory("feedbox-failures-").FullName;
var journal = new Journal();
var servers = new Servers(Path.GetFullPath(programs), folder);
FullEdition? feedBox = null;
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Leave);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Leave);
var report = Report.From(args);
int code;
try
{
    await servers.StartAsync();
    feedBox = await FullEdition.StartAsync(folder, servers, journal);
    var run = new FailureRun(servers, feedBox, journal, report, Number("--seed", 1));
    await (args.Contains("--crash") ? run.CrashAsync(Number("--kills", 60)) : run.FailAsync());
    code = Math.Max(report.Close(), journal.Findings.Count == 0 ? 0 : 1);
}
finally
{
    feedBox?.Dispose();
    servers.Dispose();
}
if (code == 0)
    Directory.Delete(folder, recursive: true);
else
    Console.WriteLine($"what the processes printed is in {folder}");
return code;

int Number(string option, int otherwise) =>
    Array.IndexOf(args, option) is >= 0 and var at && at + 1 < args.Length && int.TryParse(args[at + 1], out var number) ? number : otherwise;

// Whatever was started ends with this program.
void Leave(PosixSignalContext signal)
{
    feedBox?.Dispose();
    servers.Dispose();
    Environment.Exit(1);
}
