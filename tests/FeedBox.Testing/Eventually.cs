using System.Diagnostics;

namespace FeedBox.Testing;

/// <summary>Waits for what real concurrency brings about, bounded.</summary>
public static class Eventually
{
    /// <summary>Long, because it costs nothing where all is well: what takes a moment may take very long on a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<bool> condition, string what, TimeSpan? atMost = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > (atMost ?? Patience))
                throw new TimeoutException($"Still not so: {what}");
            await Task.Delay(2);
        }
    }

    /// <summary>Moves the clock step by step until it is so, so that waits that begin meanwhile end too.</summary>
    public static async Task TrueAsync(Func<bool> condition, ManualTime time, TimeSpan step, string what)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new TimeoutException($"Still not so: {what}");
            await StepAsync(time, step);
        }
    }

    /// <summary>Moves the clock once and lets what that set off go on, so that the clock does not run away from threads that are slow to come.</summary>
    public static async Task StepAsync(ManualTime time, TimeSpan step)
    {
        time.Advance(step);
        for (var hop = 0; hop < 10; hop++)
            await Task.Run(() => { });
        await Task.Delay(2);
    }
}
