namespace FeedBox.Bench.Api;

/// <summary>
/// The baseline of the API's bars: the same web server in a process of its own with one POST endpoint that does nothing, without
/// authentication, error handling or a body to read. FeedBox's own request pipeline counts against FeedBox.
/// </summary>
internal sealed class EmptyEndpoint(OwnServer server) : IAsyncDisposable
{
    public const string Argument = "empty-endpoint";
    public const int Connections = 64;

    public static Task ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapPost("/", () => TypedResults.NoContent());
        return OwnServer.ServeAsync(app);
    }

    public static async Task<EmptyEndpoint> StartAsync(int warmUp)
    {
        var empty = new EmptyEndpoint(await OwnServer.StartAsync(Argument));
        await empty.MeasureAsync(warmUp);
        return empty;
    }

    /// <summary>Requests a second.</summary>
    public async Task<double> MeasureAsync(int requests)
    {
        var result = await HttpLoad.ClosedAsync(server.Address, Connections, requests, (number, request) => HttpLoad.Write(request, "POST", "/", number + 1));
        return result.Count(204) == requests ? result.PerSecond : throw new InvalidOperationException($"The empty endpoint answered {result.Statuses}.");
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
