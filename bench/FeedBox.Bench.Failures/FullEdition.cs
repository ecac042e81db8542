using System.Net.Http.Json;
using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Failures;

/// <summary>The processes of the full edition, as the AppHost wires them: writes and reads apart, two workers, the user team's mock.</summary>
internal sealed class FullEdition : IDisposable
{
    private static readonly string[] Programs = ["api-write", "api-read", "workers-1", "workers-2"];
    private readonly string _folder;
    private readonly Servers _servers;
    private readonly Journal _journal;
    private readonly ChildProcess _userTeam;
    private readonly Uri _userTeamAddress;
    private readonly Dictionary<string, ChildProcess> _running = [];
    private readonly Dictionary<string, Door> _doors = Programs.ToDictionary(name => name, _ => new Door());

    private FullEdition(string folder, Servers servers, Journal journal, ChildProcess userTeam, Uri userTeamAddress)
    {
        (_folder, _servers, _journal, _userTeam, _userTeamAddress) = (folder, servers, journal, userTeam, userTeamAddress);
        Server = new(journal, _doors["api-read"], _doors["api-write"], operations: _doors["workers-2"]);
        UserTeam = new(userTeamAddress);
    }

    public Server Server { get; }

    public UserTeamTruth UserTeam { get; }

    public static IReadOnlyList<string> Names => Programs;

    public static async Task<FullEdition> StartAsync(string folder, Servers servers, Journal journal)
    {
        var userTeam = await ChildProcess.StartUserTeamAsync(folder, failures: 0.2);
        var edition = new FullEdition(folder, servers, journal, userTeam, await userTeam.Ready);
        try
        {
            foreach (var name in Programs)
                await edition.StartAsync(name);
            return edition;
        }
        catch
        {
            edition.Dispose();
            throw;
        }
    }

    public async Task StartAsync(string name)
    {
        var project = name.StartsWith("api", StringComparison.Ordinal) ? "FeedBox.Api" : "FeedBox.Workers";
        var program = Path.Combine(Report.RepositoryRoot(), project, "bin", "Release", "net10.0");
        var child = ChildProcess.Start("dotnet",
        [
            Path.Combine(program, $"{project}.dll"), "--contentRoot", program, "--urls", "http://127.0.0.1:0", .. _servers.ConnectionStrings,
            $"--FeedBox:UserTeam:BaseAddress={_userTeamAddress}", $"--FeedBox:Role={(name == "api-read" ? "Read" : name == "api-write" ? "Write" : "Both")}",
            "--FeedBox:Publishing:RestoreInterval=00:00:10", // so that draining is work and not waiting for the minute
            "--FeedBox:RateLimits:Enabled=false", "--Logging:LogLevel:Default=Warning", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
        ], _folder, "Now listening on: ", Path.Combine(_folder, $"{name}.log"));
        lock (_running)
            _running[name] = child;
        _ = _doors[name].OpenAsync(child);
        try
        {
            await child.Ready;
        }
        catch (Exception e)
        {
            _journal.Wrong($"{name} did not start: {e.Message}");
            throw;
        }
    }

    public async Task KillAsync(string name)
    {
        var child = _running[name];
        if (child.HasExited)
            _journal.Wrong($"{name} ended by itself: {child.Output}");
        else
            child.Kill();
        _doors[name].Close(child);
        await child.WaitForExitAsync();
    }

    public void Freeze(string name) => _running[name].Freeze();

    public void Thaw(string name) => _running[name].Thaw();

    public async Task SetUserTeamAsync(bool down)
    {
        using var http = new HttpClient { BaseAddress = _userTeamAddress };
        (await http.PutAsJsonAsync("/control", new { down })).EnsureSuccessStatusCode();
    }

    /// <summary>Whatever happens to its servers, a process of ours stays.</summary>
    public void CheckAlive()
    {
        foreach (var (name, child) in _running)
            if (child.HasExited)
                _journal.Wrong($"{name} ended by itself: {child.Output}");
    }

    public void Dispose()
    {
        lock (_running)
        {
            foreach (var child in _running.Values.Append(_userTeam))
                child.Dispose();
            _running.Clear();
        }
    }
}
