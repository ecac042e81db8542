using System.Diagnostics;

namespace FeedBox.Bench.Api;

/// <summary>From the start of the process on an empty folder to its first answer, and what it holds in memory when nobody asks.</summary>
internal static class ColdStart
{
    private const int Starts = 3;

    public static async Task RunAsync(Report report)
    {
        var times = new double[Starts];
        var memory = new double[Starts];
        for (var i = 0; i < Starts; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await using var feedBox = await StandaloneProcess.StartAsync();
            (await feedBox.SendAsync(HttpMethod.Get, "/posts/mine", user: 1)).EnsureSuccessStatusCode();
            times[i] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            await Task.Delay(TimeSpan.FromSeconds(3));
            memory[i] = feedBox.ResidentMegabytes;
        }
        report.Add("start-first-answer", times.Max(), "s", Target.AtMost(2), $"the slowest of {Starts}: {Join(times)} s");
        report.Add("start-idle-memory", memory.Max(), "MB", Target.AtMost(200), $"resident 3 s after the first answer, the most of {Starts}");
    }

    private static string Join(double[] times) => string.Join(", ", times.Select(Bar.Number));
}
