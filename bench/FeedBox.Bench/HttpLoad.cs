using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
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

    /// <summary>
    /// At a fixed rate, whatever the answers do: each request is sent when it is due, on any connection that is free. When none is, it waits,
    /// and that counts: times are taken from when a request was due.
    /// </summary>
    public static async Task<LoadResult> OpenAsync(
        Uri server, int connections, int requests, double ratePerSecond, RequestWriter write, AnswerReader? read = null)
    {
        var clients = await ConnectAsync(server, connections);
        var free = new ConcurrentStack<Connection>(clients); // the last one used comes first, so that only as many are busy as must be
        var late = new ConcurrentQueue<int>();
        var (left, done) = (requests, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var started = Stopwatch.GetTimestamp();
        var pace = new Thread(Pace) { IsBackground = true };
        pace.Start();
        await done.Task;
        var elapsed = Stopwatch.GetElapsedTime(started);
        var sent = clients.Max(client => client.LastSent);
        return Close(clients, elapsed, Stopwatch.GetElapsedTime(started, sent));

        // A thread of its own is on time to the millisecond, and does the sending.
        void Pace()
        {
            for (var next = 0; next < requests; Thread.Sleep(1))
            {
                for (var due = Math.Min(requests, Stopwatch.GetElapsedTime(started).TotalSeconds * ratePerSecond); next < due; next++)
                    late.Enqueue(next);
                SendLate();
            }
        }

        // A request is in the queue before a connection is looked for, and a connection on the stack before a request is: none is left over.
        void SendLate()
        {
            while (!late.IsEmpty && free.TryPop(out var client))
            {
                if (late.TryDequeue(out var number))
                    _ = SendAsync(client, number);
                else
                    free.Push(client);
            }
        }

        async Task SendAsync(Connection client, int number)
        {
            try
            {
                await client.SendAsync(number, started + (long)(number / ratePerSecond * Stopwatch.Frequency), write, read);
                free.Push(client);
                if (Interlocked.Decrement(ref left) == 0)
                    done.TrySetResult();
                SendLate();
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        }
    }

    /// <summary>As fast as the answers come: the next request of a connection follows its last answer.</summary>
    public static async Task<LoadResult> ClosedAsync(
        Uri server, int connections, int requests, RequestWriter write, AnswerReader? read = null, TimeSpan? atMost = null)
    {
        var clients = await ConnectAsync(server, connections);
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        var end = atMost is { } limit ? started + (long)(limit.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
        await Task.WhenAll(clients.Select(client => Task.Run(() => SendAsync(client))));
        var elapsed = Stopwatch.GetElapsedTime(started);
        return Close(clients, elapsed, elapsed);

        async Task SendAsync(Connection client)
        {
            for (int number; (number = Interlocked.Increment(ref next)) < requests && Stopwatch.GetTimestamp() is var now && now < end;)
                await client.SendAsync(number, now, write, read);
        }
    }

    private static async Task<Connection[]> ConnectAsync(Uri server, int connections)
    {
        var clients = new Connection[connections];
        for (var i = 0; i < connections; i++)
            clients[i] = await Connection.OpenAsync(server);
        return clients;
    }

    private static LoadResult Close(Connection[] clients, TimeSpan elapsed, TimeSpan sending)
    {
        foreach (var client in clients)
            client.Dispose();
        return new(elapsed, sending, [.. clients.SelectMany(client => client.Answers)]);
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

        public List<LoadAnswer> Answers { get; } = new(64);

        /// <summary>Of <see cref="Stopwatch"/>.</summary>
        public long LastSent { get; private set; }

        public static async Task<Connection> OpenAsync(Uri server)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Parse(server.Host), server.Port);
            return new(socket);
        }

        /// <param name="since">From when on the answer is waited for.</param>
        public async Task SendAsync(int number, long since, RequestWriter write, AnswerReader? read)
        {
            _request.ResetWrittenCount();
            write(number, _request);
            LastSent = Stopwatch.GetTimestamp();
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
            Answers.Add(new(status, Stopwatch.GetTimestamp() - since, IsRefusal(status, _buffer.AsSpan(0, headerEnd))));
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

        private static bool IsRefusal(int status, ReadOnlySpan<byte> head) =>
            status is 429 or 503
            && head.IndexOf("\r\nContent-Type: application/problem+json"u8) >= 0
            && head.IndexOf("\r\nRetry-After: "u8) is >= 0 and var at
            && Utf8Parser.TryParse(head[(at + "\r\nRetry-After: ".Length)..], out int seconds, out _) && seconds > 0;

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

/// <param name="Ticks">Of <see cref="Stopwatch"/>.</param>
/// <param name="IsRefusal">429 or 503 as it should be: a problem that says when to come again.</param>
public readonly record struct LoadAnswer(int Status, long Ticks, bool IsRefusal);

/// <param name="Sending">Until the last request was sent; <paramref name="Elapsed"/> is until the last answer.</param>
public sealed record LoadResult(TimeSpan Elapsed, TimeSpan Sending, IReadOnlyList<LoadAnswer> Answers)
{
    public double PerSecond => Answers.Count / Elapsed.TotalSeconds;

    public double SentPerSecond => Answers.Count / Sending.TotalSeconds;

    public int Count(int status) => Answers.Count(answer => answer.Status == status);

    public Latencies Latencies(Func<LoadAnswer, bool> which) => new(Answers.Where(which).Select(answer => answer.Ticks));

    public string Statuses => string.Join(", ", Answers.CountBy(answer => answer.Status).OrderBy(group => group.Key).Select(group => $"{group.Value} × {group.Key}"));
}
