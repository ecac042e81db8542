using System.Globalization;
using FeedBox.Bench;
using FeedBox.Bench.Servers;

// The adapters against the servers that ConnectionStrings__NAME names, each measured against the server itself in the same run.
// FEEDBOX_SERVERS may name the folder that redis-benchmark lies in, as redis/cli.
// usage: FeedBox.Bench.Servers [--quick] [--only coupon-gate|consumer|relay|index|fan-out]
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

var report = Report.From(args, Edition.Full);
await report.RunAsync("coupon-gate", () => Gate.RunAsync(report));
await report.RunAsync("consumer", () => Consuming.RunAsync(report));
await report.RunAsync("relay", () => Relaying.RunAsync(report));
await report.RunAsync("index", () => Indexing.RunAsync(report));
await report.RunAsync("fan-out", () => FanOut.RunAsync(report));
return report.Close();
