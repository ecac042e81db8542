using System.Globalization;
using System.Runtime.InteropServices;

namespace FeedBox.Bench;

public enum Edition { Standalone, Full }

/// <summary>
/// The bars of one program: printed as they are measured, and kept as rows of <c>bench/RESULTS.md</c> beside those of the other programs.
/// </summary>
/// <param name="quick">A short run to see that everything works; its numbers are not kept.</param>
/// <param name="only">The one measurement to run; all when null.</param>
/// <param name="edition">Whose section of the file the rows are in.</param>
public sealed class Report(bool quick, string? only = null, Edition edition = Edition.Standalone)
{
    private const string RowStart = "| `";
    private const string FullHeading = "## Full edition";

    private readonly List<Bar> _bars = [];
    private bool _failed;

    public bool IsQuick => quick;

    /// <summary>Of a program's arguments: <c>[--quick] [--only MEASUREMENT]</c>.</summary>
    public static Report From(string[] args, Edition edition = Edition.Standalone) =>
        new(args.Contains("--quick"), Array.IndexOf(args, "--only") is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null, edition);

    /// <summary>The full size, or a twentieth of it in a quick run.</summary>
    public int Size(int full) => quick ? Math.Max(1, full / 20) : full;

    public void Add(string name, double value, string unit, Target target, string detail)
    {
        var bar = new Bar(name, value, unit, target, detail);
        _bars.Add(bar);
        Console.WriteLine(bar);
        Console.WriteLine($"    {detail}");
    }

    /// <summary>A bar that cannot be measured here; its row stays as it was.</summary>
    public static void Skip(string name, string why) => Console.WriteLine($"skipped {name}: {why}");

    /// <summary>One measurement of several: when it fails it says why, and the others go on.</summary>
    public async Task RunAsync(string name, Func<Task> measure)
    {
        if (only is not null && only != name)
            return;
        try
        {
            await measure();
        }
        catch (Exception e)
        {
            _failed = true;
            Console.WriteLine($"{name} failed: {e}");
        }
    }

    /// <summary>The exit code: 1 when a bar is short or a measurement failed.</summary>
    public int Close()
    {
        if (!quick)
            Save();
        return !_failed && _bars.All(bar => bar.IsMet) ? 0 : 1;
    }

    private void Save()
    {
        var path = Path.Combine(RepositoryRoot(), "bench", "RESULTS.md");
        var (standalone, full) = (new SortedDictionary<string, string>(StringComparer.Ordinal), new SortedDictionary<string, string>(StringComparer.Ordinal));
        var section = standalone;
        foreach (var line in File.Exists(path) ? File.ReadAllLines(path) : [])
            if (line == FullHeading)
                section = full;
            else if (line.StartsWith(RowStart, StringComparison.Ordinal))
                section[line[RowStart.Length..line.IndexOf('`', RowStart.Length)]] = line;
        foreach (var bar in _bars)
            (edition == Edition.Full ? full : standalone)[bar.Name] =
                $"{RowStart}{bar.Name}` | {Bar.Number(bar.Value)}{Unit(bar)} | {bar.Target}{Unit(bar)} | {bar.Verdict} | {bar.Detail} |";
        File.WriteAllText(path, $"""
            # Benchmark results

            What `./feedbox bench` measured on one machine, client and server together: {Machine()}.
            Ratios are to a baseline measured in the same run.

            {Table(standalone)}
            {FullHeading}

            `./feedbox bench servers`: the adapters, each against the server itself, of the version that the row names.
            `./feedbox bench failures`: what was found wrong after a server or a process failed under load, each time on empty data.
            The servers run on the same machine with one node each.

            {Table(full)}
            """);
    }

    private static string Table(SortedDictionary<string, string> rows) => $"""
        | Bar | Value | Target | | Measured |
        |---|---|---|---|---|
        {string.Join('\n', rows.Values)}

        """;

    private static string Unit(Bar bar) => bar.Unit.Length == 0 ? "" : " " + bar.Unit;

    /// <summary>Where this program was built.</summary>
    public static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "FeedBox.sln")))
                return folder.FullName;
        throw new InvalidOperationException("This program runs from its build folder inside the repository.");
    }

    private static string Machine()
    {
        var cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30);
        return string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores ({cpu ?? "unknown"}), {memory:0} GB, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
    }
}
