using System.Diagnostics;

namespace FeedBox.Bench;

/// <summary>Times of many calls, sorted once.</summary>
public sealed class Latencies
{
    private readonly long[] _sorted;

    /// <param name="ticks">Of <see cref="Stopwatch"/>.</param>
    public Latencies(IEnumerable<long> ticks)
    {
        _sorted = [.. ticks];
        Array.Sort(_sorted);
    }

    public int Count => _sorted.Length;

    /// <summary>Milliseconds below which the share of all calls lies; not a number when there was none.</summary>
    public double Milliseconds(double share) => _sorted.Length == 0
        ? double.NaN
        : _sorted[Math.Min(_sorted.Length - 1, (int)(share * _sorted.Length))] * 1_000.0 / Stopwatch.Frequency;
}
