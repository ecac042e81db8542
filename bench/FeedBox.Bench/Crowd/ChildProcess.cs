using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FeedBox.Bench.Crowd;

/// <summary>A program as a process of its own.</summary>
public sealed class ChildProcess : IDisposable, IAsyncDisposable
{
    private const int MaxLines = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private bool _disposed;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(string program, IEnumerable<string> arguments, string folder, string readyPrefix, string? log)
    {
        var start = new ProcessStartInfo(program, arguments)
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
        _process.Exited += (_, _) => _ready.TrySetException(new InvalidOperationException($"{start.ArgumentList.Prepend(program).First(part => part != "dotnet")} ended before it was ready:\n{Output}"));
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _ = _ready.Task.ContinueWith(ready => ready.Exception, TaskContinuationOptions.OnlyOnFaulted);

        void Read(string? line)
        {
            if (line is null)
                return;
            _output.Enqueue(line);
            while (_output.Count > MaxLines)
                _output.TryDequeue(out _);
            if (log is not null)
                lock (_output)
                    File.AppendAllText(log, line + '\n');
            if (line.IndexOf(readyPrefix, StringComparison.Ordinal) is >= 0 and var at)
                _ready.TrySetResult(line[(at + readyPrefix.Length)..]);
        }
    }

    /// <summary>Its address, once it listens; an error when it ends before.</summary>
    public Task<Uri> Ready => AddressAsync();

    public string Output => string.Join('\n', _output);

    public bool HasExited => _process.HasExited;

    /// <summary>Once it has said so.</summary>
    public Task WaitUntilReadyAsync() => _ready.Task.WaitAsync(Patience);

    /// <param name="log">A file that takes all it prints.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, string folder, string readyPrefix, string? log = null) =>
        new(program, arguments, folder, readyPrefix, log);

    public static ChildProcess StartFeedBox(string folder, string database, Uri userTeam) => new(
        "dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "FeedBox.Standalone.dll"), "--urls", "http://127.0.0.1:0",
            $"--FeedBox:Sqlite:Path={database}", $"--FeedBox:UserTeam:BaseAddress={userTeam}", "--FeedBox:RateLimits:Enabled=false", "--Logging:LogLevel:Default=Warning",
        ], folder, "FeedBox is ready: ", log: null);

    /// <summary>The other team's service goes on while FeedBox dies.</summary>
    public static async Task<ChildProcess> StartUserTeamAsync(string folder, double failures)
    {
        var userTeam = new ChildProcess(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "FeedBox.UserTeamMock.dll"), "--urls", "http://127.0.0.1:0",
                string.Create(CultureInfo.InvariantCulture, $"--UserTeam:Failures={failures}"), "--UserTeam:Users=2000",
            ], folder, "Now listening on: ", log: null);
        await userTeam.Ready;
        return userTeam;
    }

    /// <summary>SIGKILL: nothing gets a chance to tidy up.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGSTOP: it stands still, and everybody else takes it for slow or dead.</summary>
    public void Freeze() => Signal(_process.Id, 19);

    /// <summary>SIGCONT: it goes on where it stood, and knows nothing of the time between.</summary>
    public void Thaw() => Signal(_process.Id, 18);

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
        if (_disposed)
            return;
        _disposed = true;
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

    private async Task<Uri> AddressAsync() => new(await _ready.Task.WaitAsync(Patience));

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
