using FeedBox.Bench;
using FeedBox.Bench.Pipeline;

var report = Report.From(args);
await report.RunAsync("fan-out", () => FanOut.RunAsync(report));
await report.RunAsync("consumer", () => Consuming.EmptyHandlerAsync(report));
await report.RunAsync("slow-keys", () => Consuming.SlowKeysAsync(report));
return report.Close();
