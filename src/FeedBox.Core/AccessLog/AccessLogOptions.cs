namespace FeedBox.Core.AccessLog;

/// <summary><c>FeedBox:AccessLog</c>, the same for the processes that answer and those that work behind them.</summary>
public sealed class AccessLogOptions
{
    public const string Section = "FeedBox:AccessLog";

    /// <summary>Every request then costs an event and its handling: on in the full edition, off in the standalone one.</summary>
    public bool Enabled { get; set; }

    /// <summary>Entries a process holds while the event log takes none; what comes then is dropped and counted.</summary>
    public int Buffer { get; set; } = 20_000;

    /// <summary>How long an entry can be found.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often older ones are removed.</summary>
    public TimeSpan TrimInterval { get; set; } = TimeSpan.FromHours(1);
}
