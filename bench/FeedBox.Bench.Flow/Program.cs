using FeedBox.Bench;
using FeedBox.Bench.Flow;

var report = new Report(quick: args.Contains("--quick"));
await Throughput.RunAsync(report);
await FailingUserTeam.RunAsync(report);
return report.Close();
