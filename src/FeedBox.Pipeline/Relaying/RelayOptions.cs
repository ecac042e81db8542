namespace FeedBox.Pipeline.Relaying;

/// <summary><c>FeedBox:Relay</c></summary>
public sealed class RelayOptions
{
    public const string Section = "FeedBox:Relay";

    /// <summary>Off where a process is to do nothing but the work of its consumers.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Rows of a shard that are appended together.</summary>
    public int BatchSize { get; set; } = 500;

    /// <summary>How often a shard is looked at when no signal comes; picks up what an earlier process left behind.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a batch under way may go on after a shutdown.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the depth of the outbox is measured.</summary>
    public TimeSpan DepthInterval { get; set; } = TimeSpan.FromSeconds(5);
}
