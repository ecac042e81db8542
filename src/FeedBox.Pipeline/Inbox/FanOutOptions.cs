namespace FeedBox.Pipeline.Inbox;

/// <summary><c>FeedBox:FanOut</c></summary>
public sealed class FanOutOptions
{
    public const string Section = "FeedBox:FanOut";

    /// <summary>Followers that are read, and inbox entries that are written, at once; what a crash repeats at most.</summary>
    public int ChunkSize { get; set; } = 1_000;

    /// <summary>The wait before a failed chunk is tried again.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);
}
