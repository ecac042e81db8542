using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Crash;

/// <summary>The standalone edition on its file, process after process.</summary>
internal sealed class StandaloneEdition(string folder, Uri userTeam, Journal journal)
{
    public string DatabasePath { get; } = Path.Combine(folder, "feedbox.db");
    public int Starts { get; private set; }
    public Door Door { get; } = new();

    /// <summary>Starts it without waiting; clients come as soon as it is ready.</summary>
    public ChildProcess Spawn()
    {
        Starts++;
        var child = ChildProcess.StartFeedBox(folder, DatabasePath, userTeam);
        _ = Door.OpenAsync(child);
        return child;
    }

    public async Task<ChildProcess> StartAsync()
    {
        var child = Spawn();
        try
        {
            await child.Ready;
        }
        catch (Exception e)
        {
            journal.Wrong($"did not start: {e.Message}");
            throw;
        }
        return child;
    }

    public async Task KillAsync(ChildProcess child)
    {
        if (child.HasExited)
            journal.Wrong($"ended by itself: {child.Output}");
        else
            child.Kill();
        Door.Close(child);
        await child.WaitForExitAsync();
    }

    public async Task<(int ExitCode, TimeSpan Took)> TerminateAsync(ChildProcess child)
    {
        await Door.LeaveAsync();
        var terminating = child.TerminateAsync();
        await Task.Delay(50);
        Door.Close(child);
        return await terminating;
    }
}
