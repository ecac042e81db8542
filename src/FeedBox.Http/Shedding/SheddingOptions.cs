namespace FeedBox.Http.Shedding;

/// <summary>FeedBox:Shedding. Reads and writes have a limit each, which moves between the least and the most.</summary>
internal sealed record SheddingOptions
{
    public const string Section = "FeedBox:Shedding";

    public bool Enabled { get; init; } = true;

    /// <summary>A limit shrinks when half of the requests take longer. The slowest one in a hundred takes a few times as long as half of them.</summary>
    public TimeSpan TargetLatency { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Requests at once that are always let in, however long they take.</summary>
    public int LeastAtOnce { get; init; } = 64;

    /// <summary>Where a limit begins; it grows by a quarter in every window that shows no queue.</summary>
    public int FirstAtOnce { get; init; } = 128;

    public int MostAtOnce { get; init; } = 2_048;

    /// <summary>How often a limit is looked at.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>What who is turned away is told to wait.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);
}
