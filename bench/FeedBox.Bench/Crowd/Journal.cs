using System.Collections.Concurrent;
using System.Diagnostics;

namespace FeedBox.Bench.Crowd;

/// <summary>What was answered, what was not, and everything that must not be.</summary>
public sealed class Journal
{
    public const string FailedKind = "failed: ";
    private const int Shown = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PatienceWithoutAny = TimeSpan.FromSeconds(60);
    private readonly ConcurrentQueue<string> _findings = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();

    public IReadOnlyList<string> Findings => [.. _findings];

    public IReadOnlyDictionary<string, int> Counts => new Dictionary<string, int>(_counts);

    public string Summary => $"{Count("answered")} writes answered, {Count("unanswered")} unanswered, {Count("refused")} refused, {_findings.Count} findings";

    public void Lost(string what) => _findings.Enqueue($"lost: {what}");

    public void Duplicated(string what) => _findings.Enqueue($"duplicated: {what}");

    public void Wrong(string what) => _findings.Enqueue($"wrong: {what}");

    /// <summary>An answer of 500 and above, by its kind.</summary>
    public void Failed(string kind) => Add(FailedKind + kind);

    /// <summary>Waits for some more writes to be answered, or for a while.</summary>
    public async Task AnswersAsync(int count)
    {
        var (before, begun) = (Count("answered"), Stopwatch.GetTimestamp());
        while (Count("answered") is var answered && answered < before + count
            && Stopwatch.GetElapsedTime(begun) is var waited && waited < (answered == before ? PatienceWithoutAny : Patience))
            await Task.Delay(3);
        if (count > 0 && Count("answered") == before)
            Wrong($"not one write was answered in {PatienceWithoutAny.TotalSeconds:0} s");
    }

    /// <summary>Counts a write, and passes its answer on if it is one.</summary>
    public Answer? Wrote(string what, Answer? answer)
    {
        var definite = answer is { IsDefinite: true };
        Add(definite ? "answered" : answer is null ? "unanswered" : "refused");
        Add(definite ? $"{what} answered" : answer is null ? $"{what} cut off" : $"{what} put off ({answer.Code})");
        return definite ? answer : null;
    }

    public void Add(string what, int count = 1) => _counts.AddOrUpdate(what, count, (_, sum) => sum + count);

    public IEnumerable<string> Describe()
    {
        foreach (var (what, count) in _counts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            yield return $"  {what,-42} {count,8}";
        foreach (var finding in _findings.Take(Shown))
            yield return $"  {finding}";
        if (_findings.Count > Shown)
            yield return $"  … and {_findings.Count - Shown} more";
    }

    private int Count(string what) => _counts.GetValueOrDefault(what);
}
