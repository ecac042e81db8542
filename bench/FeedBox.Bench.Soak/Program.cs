using FeedBox.Bench;
using FeedBox.Bench.Soak;

const int fullMinutes = 10;
var minutes = args switch
{
    [] => fullMinutes,
    ["--minutes", var text] when int.TryParse(text, out var given) && given > 0 => given,
    ["--quick"] => 1,
    _ => 0,
};
if (minutes == 0)
{
    Console.Error.WriteLine("usage: FeedBox.Bench.Soak [--minutes 10]");
    return 2;
}
var report = new Report(quick: minutes < fullMinutes);
await SoakRun.RunAsync(report, minutes);
return report.Close();
