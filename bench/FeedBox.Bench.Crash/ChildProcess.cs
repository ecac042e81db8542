using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FeedBox.Bench.Crash;

/// <summary>One of our own programs as a process of its own.</summary>
internal sealed class ChildProcess : IDisposable, IAsyncDisposable
{
    private const int MaxLines = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(string program, string folder, string readyPrefix, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, program), "--urls", "http://127.0.0.1:0", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
            Environment = { ["ASPNETCORE_ENVIRONMENT"] = "Development" },
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException($"{program} ended before it was ready:\n{Output}"));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _ = Ready.ContinueWith(ready => ready.Exception, TaskContinuationOptions.OnlyOnFaulted);

        void Read(string? line)
        {
            if (line is null)
                return;
            _output.Enqueue(line);
            while (_output.Count > MaxLines)
                _output.TryDequeue(out _);
            if (line.IndexOf(readyPrefix, StringComparison.Ordinal) is >= 0 and var at)
                _ready.TrySetResult(new Uri(line[(at + readyPrefix.Length)..]));
        }
    }

    /// <summary>Its address, once it listens; an error when it ends before.</summary>
    public Task<Uri> Ready => _ready.Task.WaitAsync(Patience);

    public string Output => string.Join('\n', _output);

    public bool HasExited => _process.HasExited;

    public static ChildProcess StartFeedBox(string folder, string database, Uri userTeam) => new(
        "FeedBox.Standalone.dll", folder, "FeedBox is ready: ",
        $"--FeedBox:Sqlite:Path={database}", $"--FeedBox:UserTeam:BaseAddress={userTeam}", "--FeedBox:RateLimits:Enabled=false", "--Logging:LogLevel:Default=Warning");

    /// <summary>The other team's service goes on while FeedBox dies.</summary>
    public static async Task<ChildProcess> StartUserTeamAsync(string folder, double failures)
    {
        var userTeam = new ChildProcess(
            "FeedBox.UserTeamMock.dll", folder, "Now listening on: ",
            string.Create(CultureInfo.InvariantCulture, $"--UserTeam:Failures={failures}"), "--UserTeam:Users=2000");
        await userTeam.Ready;
        return userTeam;
    }

    /// <summary>SIGKILL: nothing gets a chance to tidy up.</summary>
    public void Kill() => _process.Kill();

    public Task WaitForExitAsync() => _process.WaitForExitAsync();

    public async Task<(int ExitCode, TimeSpan Took)> TerminateAsync()
    {
        var watch = Stopwatch.StartNew();
        Signal(_process.Id, 15);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return (_process.ExitCode, watch.Elapsed);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
