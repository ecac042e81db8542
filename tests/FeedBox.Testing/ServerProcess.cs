using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace FeedBox.Testing;

/// <summary>
/// A backing server that a test may kill: started from the folder <c>FEEDBOX_SERVERS</c> by its <c>start DATA_FOLDER PORT</c>,
/// with data and port of its own.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    public const string Variable = "FEEDBOX_SERVERS";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly string _name;
    private readonly string[] _options;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("feedbox-server-");
    private Process? _process;

    private ServerProcess(string name, int port, string[] options) => (_name, Port, _options) = (name, port, options);

    public int Port { get; }

    public static bool Available => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    /// <param name="options">What the server is given besides, by its port; the next port is free too.</param>
    public static async Task<ServerProcess> StartAsync(string name, Func<int, string[]>? options = null)
    {
        var port = FreePort();
        var server = new ServerProcess(name, port, options?.Invoke(port) ?? []);
        await server.StartAsync();
        return server;
    }

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(Path.Combine(Environment.GetEnvironmentVariable(Variable)!, _name, "start"), [_data.FullName, Port.ToString(), .. _options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(StartTimeout);
        while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            if (line.StartsWith("READY", StringComparison.Ordinal))
                return;
        throw new InvalidOperationException($"{_name} did not start.");
    }

    /// <summary>As kill -9 does. The data stays.</summary>
    public async Task KillAsync()
    {
        if (_process is not { } process)
            return;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _data.Delete(recursive: true);
    }

    /// <summary>Two in a row are free at this moment: Kafka takes the next one too.</summary>
    private static int FreePort()
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            var port = ((IPEndPoint)first.LocalEndpoint).Port;
            using var second = new TcpListener(IPAddress.Loopback, port + 1);
            try
            {
                second.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}
