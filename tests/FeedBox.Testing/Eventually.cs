using System.Diagnostics;

namespace FeedBox.Testing;

/// <summary>Waits for what real concurrency brings about, bounded.</summary>
public static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition, string what, TimeSpan? atMost = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > (atMost ?? TimeSpan.FromSeconds(10)))
                throw new TimeoutException($"Still not so: {what}");
            await Task.Delay(2);
        }
    }

    /// <summary>Moves the clock step by step until it is so, so that waits that begin meanwhile end too.</summary>
    public static Task TrueAsync(Func<bool> condition, ManualTime time, TimeSpan step, string what) =>
        TrueAsync(() =>
        {
            if (condition())
                return true;
            time.Advance(step);
            return false;
        }, what);
}
