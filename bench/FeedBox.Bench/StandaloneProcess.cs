using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FeedBox.Bench;

/// <summary>The standalone edition as a process on data and a port of its own, without rate limits, with a healthy user team unless told otherwise.</summary>
public sealed class StandaloneProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;
    private readonly bool _ownsData;

    private StandaloneProcess(Process process, string dataFolder, bool ownsData) => (_process, DataFolder, _ownsData) = (process, dataFolder, ownsData);

    public string DataFolder { get; }

    public string Database => Path.Combine(DataFolder, "feedbox.db");

    public Uri Address { get; private set; } = null!;

    public Uri UserTeam { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public string Output => string.Join('\n', _output);

    public static Task<StandaloneProcess> StartAsync(params string[] options) =>
        StartAsync(Directory.CreateTempSubdirectory("feedbox-bench-").FullName, ownsData: true, options);

    /// <summary>On data of the caller's, which stays.</summary>
    public static Task<StandaloneProcess> StartOnAsync(string dataFolder, params string[] options) => StartAsync(dataFolder, ownsData: false, options);

    private static async Task<StandaloneProcess> StartAsync(string dataFolder, bool ownsData, string[] options)
    {
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "FeedBox.Standalone.dll"), "--contentRoot", AppContext.BaseDirectory, "--urls", "http://127.0.0.1:0",
            $"--FeedBox:Sqlite:Path={Path.Combine(dataFolder, "feedbox.db")}", "--FeedBox:RateLimits:Enabled=false", "--UserTeam:Failures=0",
            "--Logging:LogLevel:Default=Warning", .. options,
        ];
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = dataFolder,
            Environment = { ["ASPNETCORE_ENVIRONMENT"] = "Development" },
        };
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var feedBox = new StandaloneProcess(new() { StartInfo = start, EnableRaisingEvents = true }, dataFolder, ownsData);
        feedBox._process.OutputDataReceived += (_, line) => feedBox.Read(line.Data, ready);
        feedBox._process.ErrorDataReceived += (_, line) => feedBox.Read(line.Data, ready);
        feedBox._process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("FeedBox ended:\n" + feedBox.Output));
        feedBox._process.Start();
        feedBox._process.BeginOutputReadLine();
        feedBox._process.BeginErrorReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
        return feedBox;
    }

    /// <summary>What the process holds in memory now.</summary>
    public double ResidentMegabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / (double)(1 << 20);
        }
    }

    public int Threads
    {
        get
        {
            _process.Refresh();
            return _process.Threads.Count;
        }
    }

    /// <summary>Open files and sockets.</summary>
    public int Handles
    {
        get
        {
            _process.Refresh();
            return _process.HandleCount;
        }
    }

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, long user, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-User-Id", user.ToString(CultureInfo.InvariantCulture));
        return await Http.SendAsync(request);
    }

    public async Task<JsonNode> GetAsync(string path, long user = 1)
    {
        using var response = await SendAsync(HttpMethod.Get, path, user);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new HttpRequestException($"GET {path}: {(int)response.StatusCode} {text}");
    }

    /// <summary>Until nothing waits anywhere behind the API.</summary>
    public async Task DrainAsync(TimeSpan atMost)
    {
        var watch = Stopwatch.StartNew();
        while (!(bool)(await GetAsync("/ops/pipeline"))["drained"]!)
        {
            if (watch.Elapsed > atMost)
                throw new TimeoutException($"Not drained after {atMost.TotalSeconds:0} s: {await GetAsync("/ops/pipeline")}");
            await Task.Delay(20);
        }
    }

    /// <summary>Changes the failure model of the user team's mock: share of calls that fail, and after how long.</summary>
    public async Task ChangeUserTeamAsync(double failures, TimeSpan delay)
    {
        using var response = await Http.PutAsJsonAsync(new Uri(UserTeam, "/control"), new { failures, delayMilliseconds = delay.TotalMilliseconds });
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Straight at the user team, as its own clients would.</summary>
    public async Task FollowAsync(long follower, long author)
    {
        using var response = await Http.PutAsync(new Uri(UserTeam, $"/followings/{follower}/{author}"), null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Ends the process by a signal it can act on, so that its data may be looked at.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited)
            return;
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        Http.Dispose();
        if (_ownsData)
            Directory.Delete(DataFolder, recursive: true);
    }

    private void Read(string? line, TaskCompletionSource ready)
    {
        if (line is null)
            return;
        _output.Enqueue(line);
        if (line.StartsWith("User team ", StringComparison.Ordinal))
            UserTeam = new(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2]);
        if (line.StartsWith("FeedBox is ready: ", StringComparison.Ordinal))
        {
            Address = new(line["FeedBox is ready: ".Length..]);
            Http = new() { BaseAddress = Address };
            ready.TrySetResult();
        }
    }
}
