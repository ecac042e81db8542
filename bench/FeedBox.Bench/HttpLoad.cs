using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FeedBox.Bench;

/// <summary>Writes the n-th request, from 0; see <see cref="HttpLoad.Write"/>.</summary>
public delegate void RequestWriter(int number, ArrayBufferWriter<byte> request);

/// <summary>Sees each answer on the connection's own thread.</summary>
public delegate void AnswerReader(int number, int status, ReadOnlySpan<byte> body);

/// <summary>
/// HTTP/1.1 over bare sockets, one request at a time per connection: about as little work as a client can do, because it shares the cores
/// with the server that it measures.
/// </summary>
public static class HttpLoad
{
    public static void Write(ArrayBufferWriter<byte> request, string method, string path, long user, ReadOnlySpan<byte> json = default)
    {
        Append(request, $"{method} {path} HTTP/1.1\r\nHost: feedbox\r\nX-User-Id: {user}\r\n");
        if (json.IsEmpty && method == "GET")
        {
            request.Write("\r\n"u8);
            return;
        }
        Append(request, $"Content-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n");
        request.Write(json);
    }

    /// <summary>As fast as the answers come: the next request of a connection follows its last answer.</summary>
    public static Task<LoadResult> ClosedAsync(
        Uri server, int connections, int requests, RequestWriter write, AnswerReader? read = null, TimeSpan? atMost = null) =>
        RunAsync(server, connections, requests, ratePerSecond: null, write, read, atMost);

    /// <summary>At a fixed rate, whatever the answers do, as long as a connection is free.</summary>
    public static Task<LoadResult> OpenAsync(
        Uri server, int connections, int requests, double ratePerSecond, RequestWriter write, AnswerReader? read = null) =>
        RunAsync(server, connections, requests, ratePerSecond, write, read, atMost: null);

    private static async Task<LoadResult> RunAsync(
        Uri server, int connections, int requests, double? ratePerSecond, RequestWriter write, AnswerReader? read, TimeSpan? atMost)
    {
        var clients = new Connection[connections];
        for (var i = 0; i < connections; i++)
            clients[i] = await Connection.OpenAsync(server);
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        var end = atMost is { } limit ? started + (long)(limit.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
        await Task.WhenAll(clients.Select(client => Task.Run(() => SendAsync(client))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        foreach (var client in clients)
            client.Dispose();
        return new(elapsed, [.. clients.SelectMany(client => client.Answers)]);

        async Task SendAsync(Connection client)
        {
            while (true)
            {
                var number = Interlocked.Increment(ref next);
                if (number >= requests || Stopwatch.GetTimestamp() >= end)
                    return;
                if (ratePerSecond is { } rate)
                {
                    var due = TimeSpan.FromSeconds(number / rate) - Stopwatch.GetElapsedTime(started);
                    if (due > TimeSpan.Zero)
                        await Task.Delay(due);
                }
                await client.SendAsync(number, write, read);
            }
        }
    }

    private static void Append(ArrayBufferWriter<byte> request, string text)
    {
        var length = Encoding.ASCII.GetBytes(text, request.GetSpan(text.Length));
        request.Advance(length);
    }

    private sealed class Connection(Socket socket) : IDisposable
    {
        private readonly ArrayBufferWriter<byte> _request = new(1024);
        private byte[] _buffer = new byte[16 * 1024];
        private int _filled;

        public List<(int Status, long Ticks)> Answers { get; } = new(1024);

        public static async Task<Connection> OpenAsync(Uri server)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Parse(server.Host), server.Port);
            return new(socket);
        }

        public async Task SendAsync(int number, RequestWriter write, AnswerReader? read)
        {
            _request.ResetWrittenCount();
            write(number, _request);
            var sent = Stopwatch.GetTimestamp();
            await socket.SendAsync(_request.WrittenMemory);
            int headerEnd;
            while ((headerEnd = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0)
                await FillAsync();
            headerEnd += 4;
            var (status, length, chunked) = ParseHead(_buffer.AsSpan(0, headerEnd));
            int total;
            if (chunked)
            {
                while ((total = EndOfChunks(_buffer.AsSpan(0, _filled), headerEnd)) < 0)
                    await FillAsync();
            }
            else
            {
                total = headerEnd + length;
                while (_filled < total)
                    await FillAsync();
            }
            Answers.Add((status, Stopwatch.GetTimestamp() - sent));
            read?.Invoke(number, status, _buffer.AsSpan(headerEnd, total - headerEnd));
            _filled = 0; // one request at a time: nothing follows an answer
        }

        public void Dispose() => socket.Dispose();

        private async ValueTask FillAsync()
        {
            if (_filled == _buffer.Length)
                Array.Resize(ref _buffer, _buffer.Length * 2);
            var read = await socket.ReceiveAsync(_buffer.AsMemory(_filled));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            _filled += read;
        }

        private static (int Status, int Length, bool Chunked) ParseHead(ReadOnlySpan<byte> head)
        {
            var status = int.Parse(head.Slice("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);
            var at = head.IndexOf("\r\nContent-Length: "u8);
            if (at < 0)
                return (status, 0, head.IndexOf("\r\nTransfer-Encoding: chunked"u8) >= 0);
            var value = head[(at + "\r\nContent-Length: ".Length)..];
            return (status, int.Parse(value[..value.IndexOf((byte)'\r')], CultureInfo.InvariantCulture), false);
        }

        /// <summary>Where the last chunk ends; -1 when it is not there yet.</summary>
        private static int EndOfChunks(ReadOnlySpan<byte> buffer, int at)
        {
            while (true)
            {
                var line = buffer[at..].IndexOf("\r\n"u8);
                if (line < 0)
                    return -1;
                var size = int.Parse(buffer.Slice(at, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                at += line + 2 + size + 2;
                if (at > buffer.Length)
                    return -1;
                if (size == 0)
                    return at;
            }
        }
    }
}

/// <param name="Answers">Status and Stopwatch ticks of each.</param>
public sealed record LoadResult(TimeSpan Elapsed, IReadOnlyList<(int Status, long Ticks)> Answers)
{
    public double PerSecond => Answers.Count / Elapsed.TotalSeconds;

    public int Count(int status) => Answers.Count(answer => answer.Status == status);

    public Latencies Latencies(Func<int, bool> status) => new(Answers.Where(answer => status(answer.Status)).Select(answer => answer.Ticks));

    public string Statuses => string.Join(", ", Answers.CountBy(answer => answer.Status).OrderBy(group => group.Key).Select(group => $"{group.Value} × {group.Key}"));
}
