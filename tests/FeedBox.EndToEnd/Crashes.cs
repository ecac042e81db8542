using System.Collections.Concurrent;
using FeedBox.Bench.Crash;

namespace FeedBox.EndToEnd;

/// <summary>The crash proof in small; <c>./feedbox bench crash</c> is the whole.</summary>
public sealed class Crashes
{
    [Fact]
    public async Task Killing_it_under_mixed_load_loses_nothing_that_was_answered_and_doubles_nothing()
    {
        var output = new ConcurrentQueue<string>();

        var result = await CrashRun.RunAsync(new() { Kills = 5, Terms = 0, Seed = Environment.TickCount & 0xFFFF }, output.Enqueue);

        Assert.True(result.Findings.Count == 0, string.Join('\n', output));
    }

    [Fact]
    public async Task Stopping_it_under_mixed_load_is_clean_and_loses_nothing()
    {
        var output = new ConcurrentQueue<string>();

        var result = await CrashRun.RunAsync(new() { Kills = 0, Terms = 2, Seed = Environment.TickCount & 0xFFFF }, output.Enqueue);

        // How quick it is depends on what else the machine does: the benchmark tells.
        Assert.True(result.Findings.Count == 0 && result.CleanStops == result.Terms, string.Join('\n', [.. output, .. result.Bars]));
    }
}
