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

var report = new Report(quick: args.Contains("--quick"));
await ColdStart.RunAsync(report);
await using (var empty = await EmptyEndpoint.StartAsync(report.Size(Stampede.WarmUp)))
{
    await Stampede.RunAsync(report, empty);
    await DurablePosts.RunAsync(report, empty);
}
await InboxReads.RunAsync(report);
await Overload.RunAsync(report);
return report.Close();
