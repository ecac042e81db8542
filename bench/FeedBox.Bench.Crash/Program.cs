using System.Globalization;
using FeedBox.Bench.Crash;

var options = new CrashOptions();
for (var i = 0; i < args.Length; i += 2)
{
    var value = i + 1 < args.Length ? args[i + 1] : "";
    switch (args[i])
    {
        case "--kills" when int.TryParse(value, out var kills) && kills >= 0: options = options with { Kills = kills }; break;
        case "--terms" when int.TryParse(value, out var terms) && terms >= 0: options = options with { Terms = terms }; break;
        case "--seed" when int.TryParse(value, out var seed): options = options with { Seed = seed }; break;
        case "--user-team-failures" when double.TryParse(value, CultureInfo.InvariantCulture, out var failures) && failures is >= 0 and <= 1:
            options = options with { UserTeamFailures = failures };
            break;
        default:
            Console.Error.WriteLine("usage: FeedBox.Bench.Crash [--kills 200] [--terms 20] [--seed 1] [--user-team-failures 0.2]");
            return 2;
    }
}

var result = await CrashRun.RunAsync(options, Console.WriteLine);
foreach (var bar in result.Bars)
    Console.WriteLine(bar);
return result.IsMet ? 0 : 1;
