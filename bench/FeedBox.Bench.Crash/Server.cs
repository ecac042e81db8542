using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FeedBox.Bench.Crash;

/// <param name="Code">Of a problem; null otherwise.</param>
internal sealed record Answer(int Status, JsonNode? Body, string? Code)
{
    /// <summary>"Not now" promises nothing about what was done.</summary>
    public bool IsDefinite => Status < 500 && Status != 429 && Code != "request-in-progress";
}

/// <summary>FeedBox as its clients know it: sometimes it is there.</summary>
internal sealed class Server(string folder, Uri userTeam, Journal journal)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    private readonly Lock _gate = new();
    private TaskCompletionSource<Incarnation> _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _finishedInFlight;
    private int _cutInFlight;

    public string DatabasePath { get; } = Path.Combine(folder, "feedbox.db");
    public int Starts { get; private set; }
    public int FinishedInFlight => _finishedInFlight;
    public int CutInFlight => _cutInFlight;

    /// <summary>Each has connections of its own: a request must never be sent again, by the handler, to the one that follows.</summary>
    private sealed class Incarnation(ChildProcess child, Uri address)
    {
        public ChildProcess Child => child;
        public HttpClient Http { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { BaseAddress = address, Timeout = Timeout };
        public long TerminatedAt;
    }

    /// <summary>Starts it without waiting; clients come as soon as it is ready.</summary>
    public ChildProcess Spawn()
    {
        Starts++;
        var child = ChildProcess.StartFeedBox(folder, DatabasePath, userTeam);
        _ = OpenAsync(child);
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
        Close(child);
        await child.WaitForExitAsync();
    }

    public async Task<(int ExitCode, TimeSpan Took)> TerminateAsync(ChildProcess child)
    {
        var incarnation = await _up.Task;
        Volatile.Write(ref incarnation.TerminatedAt, Environment.TickCount64);
        var terminating = child.TerminateAsync();
        await Task.Delay(50);
        Close(child);
        return await terminating;
    }

    /// <summary>The answer, or null when none came: then nobody knows whether it was done.</summary>
    public async Task<Answer?> SendAsync(
        HttpMethod method, string path, long user, object? body = null, (string Name, string Value)? header = null, CancellationToken cancellationToken = default)
    {
        var incarnation = await _up.Task.WaitAsync(cancellationToken);
        var begun = Environment.TickCount64;
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-User-Id", user.ToString(CultureInfo.InvariantCulture));
        if (header is var (name, value))
            request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            // Not cancelled with the load: what was begun is seen through.
            using var response = await incarnation.Http.SendAsync(request, CancellationToken.None);
            var text = await response.Content.ReadAsStringAsync(CancellationToken.None);
            var node = text.Length > 0 ? JsonNode.Parse(text) : null;
            var status = (int)response.StatusCode;
            var answer = new Answer(status, node, status >= 400 ? (string?)node?["code"] : null);
            if (status == 500 || (status >= 400 && answer.Code is null))
                journal.Wrong($"{method} {path} answered {status} {text}");
            if (WasInFlight())
                Interlocked.Increment(ref _finishedInFlight);
            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException)
        {
            if (e is OperationCanceledException)
                journal.Wrong($"{method} {path} had no answer after {Timeout.TotalSeconds} s");
            if (WasInFlight())
                Interlocked.Increment(ref _cutInFlight);
            return null;
        }

        bool WasInFlight() => Volatile.Read(ref incarnation.TerminatedAt) is > 0 and var at && begun < at;
    }

    /// <summary>For questions, which can be asked again.</summary>
    public async Task<Answer> AskAsync(string path, long user, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (await SendAsync(HttpMethod.Get, path, user, cancellationToken: cancellationToken) is { } answer && answer.IsDefinite)
                return answer;
            await Task.Delay(20, cancellationToken);
        }
    }

    /// <summary>All items of a listing, page by page.</summary>
    public async Task<List<JsonNode>> ListAsync(string path, long user)
    {
        var items = new List<JsonNode>();
        string? cursor = null;
        do
        {
            var answer = await AskAsync($"{path}{(path.Contains('?') ? '&' : '?')}limit=100{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}", user);
            if (answer.Status != 200)
                throw new InvalidOperationException($"GET {path} answered {answer.Status} {answer.Body}");
            items.AddRange(answer.Body!["items"]!.AsArray()!);
            cursor = (string?)answer.Body["next"];
        }
        while (cursor is not null);
        return items;
    }

    private async Task OpenAsync(ChildProcess child)
    {
        try
        {
            var incarnation = new Incarnation(child, await child.Ready);
            lock (_gate)
                if (!child.HasExited)
                    _up.TrySetResult(incarnation);
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            // killed before it was ready; whoever waits for it notices otherwise
        }
    }

    private void Close(ChildProcess child)
    {
        lock (_gate)
            if (_up.Task is { IsCompletedSuccessfully: true, Result: { } incarnation } && incarnation.Child == child)
                _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
