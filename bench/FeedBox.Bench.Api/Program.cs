using FeedBox.Bench;
using FeedBox.Bench.Api;

if (args is [EmptyEndpoint.Argument])
{
    await EmptyEndpoint.ServeAsync();
    return 0;
}

var report = new Report(quick: args.Contains("--quick"));
await ColdStart.RunAsync(report);
await using (var empty = await EmptyEndpoint.StartAsync())
{
    await Stampede.RunAsync(report, empty);
    await DurablePosts.RunAsync(report, empty);
}
await InboxReads.RunAsync(report);
return report.Close();
