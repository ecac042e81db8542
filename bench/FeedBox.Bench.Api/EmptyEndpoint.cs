using System.Diagnostics;

namespace FeedBox.Bench.Api;

/// <summary>
/// The baseline of the API's bars: the same web server in a process of its own with one POST endpoint that does nothing, without
/// authentication, error handling or a body to read. The API's own pipeline counts against the API.
/// </summary>
internal sealed class EmptyEndpoint : IAsyncDisposable
{
    public const string Argument = "empty-endpoint";
    public const int Connections = 64;

    private readonly Process _process;

    private EmptyEndpoint(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>The other process: answers until its input ends.</summary>
    public static async Task ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/", () => TypedResults.NoContent());
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        while (Console.ReadLine() is not null) { }
    }

    public static async Task<EmptyEndpoint> StartAsync()
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(EmptyEndpoint).Assembly.Location, Argument])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The empty endpoint did not start.");
        var empty = new EmptyEndpoint(process, new(address));
        await empty.MeasureAsync(20_000);
        return empty;
    }

    /// <summary>Requests a second.</summary>
    public async Task<double> MeasureAsync(int requests)
    {
        var result = await HttpLoad.ClosedAsync(Address, Connections, requests, (number, request) => HttpLoad.Write(request, "POST", "/", number + 1));
        return result.Count(204) == requests ? result.PerSecond : throw new InvalidOperationException($"The empty endpoint answered {result.Statuses}.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
