using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Failures;

/// <summary>The full edition on servers of its own, with empty data. What its processes printed stays when something was found or failed.</summary>
internal sealed class House(string programs, Journal journal) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("feedbox-failures-").FullName;
    private readonly int _findings = journal.Findings.Count;
    private Servers? _servers;
    private FullEdition? _feedBox;

    public Servers Servers => _servers!;

    public FullEdition FeedBox => _feedBox!;

    /// <summary>Set when it was used to the end.</summary>
    public bool IsDone { get; set; }

    public async Task StartAsync()
    {
        _servers = new(programs, _folder);
        await _servers.StartAsync();
        _feedBox = await FullEdition.StartAsync(_folder, _servers, journal);
    }

    public void Dispose()
    {
        _feedBox?.Dispose();
        _servers?.Dispose();
        if (IsDone && journal.Findings.Count == _findings)
            Directory.Delete(_folder, recursive: true);
        else
            Console.WriteLine($"    what the processes printed is in {_folder}");
    }
}
