using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace FeedBox.EndToEnd;

/// <summary>The standalone edition as a process of its own, on data of its own; it can be stopped or killed and started again.</summary>
public sealed class FeedBoxProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _output = new();
    private readonly string[] _options;
    private Process? _process;

    private FeedBoxProcess(string[] options) => _options = options;

    public string DataFolder { get; } = Directory.CreateTempSubdirectory("feedbox-").FullName;

    public HttpClient Http { get; private set; } = new();

    public string Output => string.Join('\n', _output);

    public static async Task<FeedBoxProcess> StartAsync(params string[] options)
    {
        var feedBox = new FeedBoxProcess(options);
        await feedBox.StartAsync();
        return feedBox;
    }

    public async Task StartAsync()
    {
        var ready = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = DataFolder,
            Environment = { ["ASPNETCORE_ENVIRONMENT"] = "Development" },
        };
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "FeedBox.Standalone.dll"), "--urls", "http://127.0.0.1:0",
            $"--FeedBox:Sqlite:Path={Path.Combine(DataFolder, "feedbox.db")}", .. _options,
        ];
        foreach (var argument in arguments)
        {
            if (argument.StartsWith("OTEL_", StringComparison.Ordinal) && argument.Split('=', 2) is [var name, var value])
                start.Environment[name] = value; // the exporter reads nothing else
            else
                start.ArgumentList.Add(argument);
        }
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) => Read(line.Data);
        _process.EnableRaisingEvents = true;
        _process.Exited += async (_, _) =>
        {
            await _process.WaitForExitAsync(); // the last of its output too
            ready.TrySetException(new InvalidOperationException("The process ended:\n" + Output));
        };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Http = new HttpClient { BaseAddress = await ready.Task.WaitAsync(TimeSpan.FromSeconds(120)) };

        void Read(string? line)
        {
            if (line is null)
                return;
            _output.Enqueue(line);
            if (line.StartsWith("FeedBox is ready: ", StringComparison.Ordinal))
                ready.TrySetResult(new Uri(line["FeedBox is ready: ".Length..]));
        }
    }

    /// <summary>Of the process that ended.</summary>
    public int ExitCode => _process!.ExitCode;

    /// <summary>SIGKILL: nothing gets a chance to tidy up.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; the exit code, and how long it took.</summary>
    public async Task<(int ExitCode, TimeSpan Took)> TerminateAsync()
    {
        var watch = Stopwatch.StartNew();
        Signal(_process!.Id, 15);
        await _process.WaitForExitAsync();
        return (_process.ExitCode, watch.Elapsed);
    }

    public HttpRequestMessage Request(HttpMethod method, string path, long user, HttpContent? content = null) =>
        new(method, path) { Headers = { { "X-User-Id", user.ToString(CultureInfo.InvariantCulture) } }, Content = content };

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            await KillAsync();
        _process?.Dispose();
        Http.Dispose();
        Directory.Delete(DataFolder, recursive: true);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
