using FeedBox.Bench;
using FeedBox.Bench.Api;

switch (args)
{
    case [EmptyEndpoint.Argument]:
        await EmptyEndpoint.ServeAsync();
        return 0;
    case [ApiAlone.Argument, var database]:
        await ApiAlone.ServeAsync(database);
        return 0;
}

var report = Report.From(args);
await report.RunAsync("start", () => ColdStart.RunAsync(report));
await using (var empty = await EmptyEndpoint.StartAsync(report.Size(Stampede.WarmUp)))
{
    await report.RunAsync("coupons", () => Stampede.RunAsync(report, empty));
    await report.RunAsync("posts", () => DurablePosts.RunAsync(report, empty));
}
await report.RunAsync("inbox", () => InboxReads.RunAsync(report));
await report.RunAsync("overload", () => Overload.RunAsync(report));
return report.Close();
