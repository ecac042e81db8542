using System.Diagnostics;
using System.Globalization;

namespace FeedBox.Bench.Soak;

/// <summary>
/// Hours of work in minutes: mixed load at half of what the process can keep up with, while memory, files, lag, threads and handles are watched.
/// The event log keeps one minute, so that it is trimmed many times over.
/// </summary>
internal static class SoakRun
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retention = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan TrimInterval = TimeSpan.FromSeconds(15);

    /// <param name="LogRecords">Events the log holds.</param>
    /// <param name="Lag">Events that wait, in the outbox or for a consumer.</param>
    private sealed record Sample(double Memory, double Database, double Wal, long LogRecords, long Lag, int Threads, int Handles)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"memory {Memory,6:0} MB  database {Database,6:0} MB  wal {Wal,5:0} MB  log {LogRecords,8:#,0} events  lag {Lag,6:#,0}  threads {Threads,3}  handles {Handles,3}");
    }

    public static async Task RunAsync(Report report, int minutes)
    {
        await using var feedBox = await StandaloneProcess.StartAsync(
            $"--FeedBox:Sqlite:EventRetention={Retention}", $"--FeedBox:Sqlite:TrimInterval={TrimInterval}");
        var load = new MixedLoad(feedBox);
        await load.OpenCouponEventAsync();
        var capacity = await MeasureCapacityAsync(feedBox, load);
        var rate = capacity / 2;

        var samples = new List<Sample> { await LookAsync(feedBox) };
        Print("start", samples[^1]);
        var answers = new Dictionary<int, int>();
        var published = load.Published;
        using var end = new CancellationTokenSource();
        var sampling = SampleAsync(feedBox, samples, end.Token);
        for (var minute = 1; minute <= minutes; minute++)
        {
            await load.OpenCouponEventAsync();
            var result = await load.AtAsync(rate, TimeSpan.FromMinutes(1));
            foreach (var (status, count) in result.Answers.CountBy(answer => answer.Status))
                answers[status] = answers.GetValueOrDefault(status) + count;
            Print(minute == minutes ? "end" : minute == (minutes + 1) / 2 ? "middle" : $"{minute} min", await LookAsync(feedBox));
        }
        await end.CancelAsync();
        await sampling;
        var watch = Stopwatch.StartNew();
        try
        {
            await feedBox.DrainAsync(TimeSpan.FromMinutes(1));
        }
        catch (TimeoutException e)
        {
            Console.WriteLine(e.Message); // and the bar is short
        }
        Console.WriteLine($"drained {watch.Elapsed.TotalSeconds:0.0} s after the load ended; {load.Published - published:#,0} posts; answers {string.Join(", ", answers.OrderBy(entry => entry.Key).Select(entry => $"{entry.Value:#,0} × {entry.Key}"))}");

        var third = samples.Count / 3;
        var (first, last) = (samples[third..(2 * third)], samples[^third..]); // the first third is warming up
        var detail = string.Create(CultureInfo.InvariantCulture, $"{minutes} min of mixed load at {rate:0} requests/s, half of the {capacity:0}/s it keeps up with");
        report.Add("soak-memory-growth", Growth(sample => sample.Memory), "MB", Target.AtMost(50), $"{detail}; {Median(last, sample => sample.Memory):0} MB at the end");
        report.Add("soak-wal-mb", samples.Max(sample => sample.Wal), "MB", Target.AtMost(256), "the write-ahead log at its largest");
        report.Add("soak-log-growth", Growth(sample => sample.LogRecords) / Median(first, sample => sample.LogRecords), "", Target.AtMost(0.25),
            $"events held, median of the last third against the middle one; a retention of {Retention.TotalMinutes:0} min instead of 7 days; {Median(last, sample => sample.LogRecords):#,0} at the end");
        report.Add("soak-lag", Median(last, sample => sample.Lag) / rate, "s", Target.AtMost(1), "events waiting, in seconds of load, median of the last third");
        report.Add("soak-threads", Growth(sample => sample.Threads), "", Target.AtMost(4), $"growth; {Median(last, sample => sample.Threads):0} at the end");
        report.Add("soak-handles", Growth(sample => sample.Handles), "", Target.AtMost(8), $"growth; {Median(last, sample => sample.Handles):0} at the end");
        report.Add("soak-drained", watch.Elapsed.TotalSeconds, "s", Target.AtMost(10), "from the end of the load until nothing waits anywhere");
        report.Add("soak-failed-requests", answers.Where(entry => entry.Key >= 500).Sum(entry => entry.Value), "", Target.Exactly(0), "answers of 500 and above");

        double Growth(Func<Sample, double> value) => Median(last, value) - Median(first, value);
    }

    /// <summary>What it keeps up with: the work behind the API counts too.</summary>
    private static async Task<double> MeasureCapacityAsync(StandaloneProcess feedBox, MixedLoad load)
    {
        await load.AsMuchAsPossibleAsync(TimeSpan.FromSeconds(5));
        await feedBox.DrainAsync(TimeSpan.FromMinutes(2));
        var watch = Stopwatch.StartNew();
        var result = await load.AsMuchAsPossibleAsync(TimeSpan.FromSeconds(10));
        await feedBox.DrainAsync(TimeSpan.FromMinutes(2));
        Console.WriteLine($"capacity: {result.PerSecond:#,0} requests/s answered, {result.Answers.Count / watch.Elapsed.TotalSeconds:#,0}/s with what follows them; {result.Statuses}");
        return result.Answers.Count / watch.Elapsed.TotalSeconds;
    }

    private static async Task SampleAsync(StandaloneProcess feedBox, List<Sample> samples, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(SampleEvery, cancellationToken);
                samples.Add(await LookAsync(feedBox));
            }
        }
        catch (OperationCanceledException)
        {
            // the load is over
        }
    }

    private static async Task<Sample> LookAsync(StandaloneProcess feedBox)
    {
        var status = await feedBox.GetAsync("/ops/pipeline");
        var lag = (long)status["outboxDepth"]! + status["groups"]!.AsArray().Sum(group => (long)group!["lag"]!);
        return new(
            feedBox.ResidentMegabytes, Megabytes(feedBox.Database), Megabytes(feedBox.Database + "-wal"),
            Database.Count(feedBox, "SELECT count(*) FROM log_records"), lag, feedBox.Threads, feedBox.Handles);
    }

    private static double Megabytes(string path) => new FileInfo(path) is { Exists: true } file ? file.Length / (double)(1 << 20) : 0;

    private static double Median(List<Sample> samples, Func<Sample, double> value) =>
        samples.Count == 0 ? double.NaN : samples.Select(value).Order().ElementAt(samples.Count / 2);

    private static void Print(string when, Sample sample) => Console.WriteLine($"{when,-7} {sample}");
}
