using System.Net;
using System.Net.Sockets;
using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Failures;

/// <summary>The five servers, each a process that can be killed and comes back on the same port with the same data.</summary>
/// <param name="programs">A folder per server with a program <c>start DATA PORT</c>, which stays in the foreground and prints READY.</param>
internal sealed class Servers(string programs, string folder) : IDisposable
{
    public static readonly string[] Names = ["mysql", "redis", "kafka", "mongo", "elasticsearch"];
    private readonly Dictionary<string, ChildProcess> _running = [];
    private readonly Dictionary<string, int> _ports = Names.ToDictionary(name => name, _ => FreePort());

    public IEnumerable<string> ConnectionStrings =>
    [
        $"--ConnectionStrings:mysql=Server=127.0.0.1;Port={_ports["mysql"]};User ID=feedbox;Password=feedbox;Database=feedbox",
        $"--ConnectionStrings:redis=127.0.0.1:{_ports["redis"]}",
        $"--ConnectionStrings:kafka=127.0.0.1:{_ports["kafka"]}",
        $"--ConnectionStrings:mongo=mongodb://127.0.0.1:{_ports["mongo"]}/feedbox",
        $"--ConnectionStrings:elasticsearch=http://127.0.0.1:{_ports["elasticsearch"]}",
    ];

    public Task StartAsync() => Task.WhenAll(Names.Select(StartAsync));

    /// <summary>Returns when it answers.</summary>
    public Task StartAsync(string name)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var child = ChildProcess.Start(Path.Combine(programs, name, "start"), [data, $"{_ports[name]}"], folder, "READY", Path.Combine(folder, $"{name}.log"));
        lock (_running)
            _running[name] = child;
        return child.WaitUntilReadyAsync();
    }

    public async Task KillAsync(string name)
    {
        _running[name].Kill();
        await _running[name].WaitForExitAsync();
    }

    /// <summary>Everything that Redis knows is gone.</summary>
    public async Task FlushRedisAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _ports["redis"]);
        await using var stream = client.GetStream();
        await stream.WriteAsync("FLUSHALL\r\n"u8.ToArray());
        var answer = new byte[64];
        var length = await stream.ReadAsync(answer);
        if (!answer.AsSpan(0, length).StartsWith("+OK"u8))
            throw new InvalidOperationException("Redis did not flush.");
    }

    public void Dispose()
    {
        lock (_running)
        {
            foreach (var child in _running.Values)
                child.Dispose();
            _running.Clear();
        }
    }

    /// <summary>With the neighbours that Kafka (+1) and Elasticsearch (+100) take too.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (new[] { port, port + 1, port + 100 }.All(IsFree))
                return port;
        }

        static bool IsFree(int port)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }
    }
}
