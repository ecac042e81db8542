using FeedBox.Core.Events;

namespace FeedBox.Sqlite;

/// <summary>Section <c>FeedBox:Sqlite</c>.</summary>
public sealed class SqliteOptions
{
    public const string Section = "FeedBox:Sqlite";

    /// <summary>The database file; its folder is made when missing.</summary>
    public string Path { get; set; } = "data/feedbox.db";

    /// <summary>How long a write waits for another program that holds the file before callers are told that it is unavailable.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Writes that may wait; beyond that, callers wait to be let in.</summary>
    public int MaxQueuedWrites { get; set; } = 4096;

    /// <summary>Writes that share one commit at most.</summary>
    public int MaxBatch { get; set; } = 512;

    /// <summary>The least time between two commits that carry writes nobody waits for: projections, marks, clean-up.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Partitions of a topic that is created from now on; existing topics keep theirs.</summary>
    public int Partitions { get; set; } = Topics.Partitions;

    /// <summary>Age at which records of the event log are trimmed, whether read or not.</summary>
    public TimeSpan EventRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often everything with an age limit is trimmed.</summary>
    public TimeSpan TrimInterval { get; set; } = TimeSpan.FromMinutes(10);
}
