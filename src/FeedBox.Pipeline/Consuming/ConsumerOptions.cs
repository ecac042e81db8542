namespace FeedBox.Pipeline.Consuming;

/// <summary><c>FeedBox:Consumers</c>; each number holds per group.</summary>
public sealed class ConsumerOptions
{
    public const string Section = "FeedBox:Consumers";

    /// <summary>The groups that this process works for; all when none is named, so that each can be stopped and scaled apart.</summary>
    public IReadOnlyList<string> Groups { get; set; } = [];

    /// <summary>Handlers running at once. A key that waits for its retry does not count.</summary>
    public int MaxConcurrency { get; set; } = 256;

    /// <summary>Tries after the first, before a message is dead-lettered.</summary>
    public int Retries { get; set; } = 5;

    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Records of a partition between the commit mark and the newest polled one; above it the partition is paused.</summary>
    public int Window { get; set; } = 10_000;

    public int PollSize { get; set; } = 1_000;

    public TimeSpan CommitInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long handlers may go on after a shutdown or a revocation, before they are cancelled.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the lag is measured.</summary>
    public TimeSpan LagInterval { get; set; } = TimeSpan.FromSeconds(5);
}
