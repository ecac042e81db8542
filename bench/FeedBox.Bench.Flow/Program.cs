using FeedBox.Bench;
using FeedBox.Bench.Flow;

var report = Report.From(args);
await report.RunAsync("flow", () => Throughput.RunAsync(report));
await report.RunAsync("flow-failing", () => FailingUserTeam.RunAsync(report));
return report.Close();
