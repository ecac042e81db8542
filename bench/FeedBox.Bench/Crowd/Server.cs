using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FeedBox.Bench.Crowd;

/// <param name="Code">Of a problem; null otherwise.</param>
public sealed record Answer(int Status, JsonNode? Body, string? Code)
{
    /// <summary>"Not now" promises nothing about what was done.</summary>
    public bool IsDefinite => Status < 500 && Status != 429 && Code != "request-in-progress";
}

/// <summary>An address of FeedBox: sometimes somebody listens there.</summary>
public sealed class Door
{
    private readonly Lock _gate = new();
    private ChildProcess? _closed;
    private TaskCompletionSource<Opening> _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _finishedInFlight;
    private int _cutInFlight;

    /// <summary>Requests that were under way when the process was told to leave, and were answered, or were not.</summary>
    public int FinishedInFlight => _finishedInFlight;
    public int CutInFlight => _cutInFlight;

    /// <summary>Each has connections of its own: a request must never be sent again, by the handler, to the process that follows.</summary>
    internal sealed class Opening(Door door, ChildProcess child, Uri address)
    {
        public ChildProcess Child => child;
        public HttpClient Http { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = 100 }) { BaseAddress = address, Timeout = Server.Timeout };
        public long LeavingSince;

        public void Finished(long begun) => Count(begun, ref door._finishedInFlight);

        public void Cut(long begun) => Count(begun, ref door._cutInFlight);

        private void Count(long begun, ref int sum)
        {
            if (Volatile.Read(ref LeavingSince) is > 0 and var since && begun < since)
                Interlocked.Increment(ref sum);
        }
    }

    /// <summary>Clients come as soon as the process is ready.</summary>
    public async Task OpenAsync(ChildProcess child)
    {
        try
        {
            var opening = new Opening(this, child, await child.Ready);
            lock (_gate)
                if (child != _closed) // ready and killed in one moment: nobody would close it again
                    _open.TrySetResult(opening);
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            // killed before it was ready; whoever waits for it notices otherwise
        }
    }

    public void Close(ChildProcess child)
    {
        lock (_gate)
        {
            _closed = child;
            if (_open.Task is { IsCompletedSuccessfully: true, Result: { } opening } && opening.Child == child)
                _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>From now on, what is under way is counted.</summary>
    public async Task LeaveAsync() => Volatile.Write(ref (await _open.Task).LeavingSince, Environment.TickCount64);

    internal Task<Opening> WaitAsync(CancellationToken cancellationToken) => _open.Task.WaitAsync(cancellationToken);
}

/// <summary>FeedBox as its clients know it: behind one door, or behind one for reads, one for writes and one for operators.</summary>
public sealed class Server(Journal journal, Door reads, Door writes, Door operations)
{
    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>The answer, or null when none came: then nobody knows whether it was done.</summary>
    public async Task<Answer?> SendAsync(
        HttpMethod method, string path, long user, object? body = null, (string Name, string Value)? header = null, CancellationToken cancellationToken = default)
    {
        var door = path.StartsWith("/ops", StringComparison.Ordinal) ? operations : method == HttpMethod.Get ? reads : writes;
        var opening = await door.WaitAsync(cancellationToken);
        var begun = Environment.TickCount64;
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("X-User-Id", user.ToString(CultureInfo.InvariantCulture));
        if (header is var (name, value))
            request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            // Not cancelled with the load: what was begun is seen through.
            using var response = await opening.Http.SendAsync(request, CancellationToken.None);
            var text = await response.Content.ReadAsStringAsync(CancellationToken.None);
            var node = text.Length > 0 ? JsonNode.Parse(text) : null;
            var status = (int)response.StatusCode;
            var answer = new Answer(status, node, status >= 400 ? (string?)node?["code"] : null);
            if (status >= 500)
                journal.Failed($"{method} {Kind(path)} {status} {answer.Code}");
            if (status == 500 || (status >= 400 && answer.Code is null))
                journal.Wrong($"{method} {path} answered {status} {text}");
            opening.Finished(begun);
            return answer;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException)
        {
            if (e is OperationCanceledException)
                journal.Wrong($"{method} {path} had no answer after {Timeout.TotalSeconds} s");
            opening.Cut(begun);
            return null;
        }
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

    /// <summary>The address without its ids and questions.</summary>
    private static string Kind(string path) =>
        string.Join('/', path.Split('?')[0].Split('/').Select(part => part.Any(char.IsDigit) ? "*" : part));
}
