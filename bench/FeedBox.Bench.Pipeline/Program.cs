using FeedBox.Bench;
using FeedBox.Bench.Pipeline;

var report = new Report(quick: args.Contains("--quick"));
await FanOut.RunAsync(report);
await Consuming.EmptyHandlerAsync(report);
await Consuming.SlowKeysAsync(report);
return report.Close();
