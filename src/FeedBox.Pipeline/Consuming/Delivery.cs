using FeedBox.Core.Events;

namespace FeedBox.Pipeline.Consuming;

/// <summary>A polled record on its way through the handler.</summary>
internal sealed class Delivery(OwnedPartition partition, LogRecord record)
{
    private LogRecord? _record = record;
    private volatile bool _finished;

    public OwnedPartition Partition => partition;
    public long Offset { get; } = record.Offset;
    public LogRecord Record => _record!;
    public Delivery? NextOfKey { get; set; }

    /// <summary>Tries that failed so far.</summary>
    public int Failures { get; private set; }

    public DateTimeOffset FirstFailureAt { get; private set; }

    /// <summary>Taken and not settled yet; guarded by the scheduler's lock.</summary>
    public bool IsRunning { get; set; }

    /// <summary>Handled, skipped or dead-lettered: the commit mark may pass it.</summary>
    public bool IsFinished => _finished;

    public void Failed(DateTimeOffset now)
    {
        if (Failures++ == 0)
            FirstFailureAt = now;
    }

    public void Finish()
    {
        _record = null; // it may lie long behind a slow one of its partition: let the bytes go
        _finished = true;
    }
}

internal enum Result
{
    /// <summary>Never to be delivered again.</summary>
    Finished,

    /// <summary>To be tried again after a while; only its key waits.</summary>
    Retry,

    /// <summary>To be tried again after a while in which nothing of the group starts.</summary>
    Pause,

    /// <summary>Not started; its turn comes again.</summary>
    NotNow,

    /// <summary>Its partition is being given away: the next owner gets it.</summary>
    Abandoned,
}

internal readonly record struct Outcome(Result Result, TimeSpan Delay = default, string? Dependency = null);
