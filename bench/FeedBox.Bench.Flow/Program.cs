using FeedBox.Bench;
using FeedBox.Bench.Flow;

var report = new Report(quick: args.Contains("--quick"));
await report.RunAsync("flow", () => Throughput.RunAsync(report));
await report.RunAsync("flow with failures", () => FailingUserTeam.RunAsync(report));
return report.Close();
