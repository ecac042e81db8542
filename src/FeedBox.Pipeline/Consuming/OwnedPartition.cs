using FeedBox.Core.Events;

namespace FeedBox.Pipeline.Consuming;

/// <summary>
/// A partition between its assignment and its release: what was polled, and how far it is finished.
/// Used by the poll loop alone, except for the members under "Shared".
/// </summary>
internal sealed class OwnedPartition(TopicPartition id)
{
    private readonly Queue<Delivery> _window = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile bool _released;
    private long _next;

    public TopicPartition Id => id;
    public bool IsPaused { get; set; }
    public long Committed { get; set; }

    /// <summary>Records between the commit mark and the newest polled one.</summary>
    public int Span => _window.Count;

    public void Add(Delivery delivery)
    {
        _window.Enqueue(delivery);
        _next = delivery.Offset + 1;
    }

    /// <summary>The lowest unfinished offset; 0 when nothing was polled yet.</summary>
    public long Advance()
    {
        while (_window.TryPeek(out var oldest))
        {
            if (!oldest.IsFinished)
                return oldest.Offset;
            _window.Dequeue();
        }
        return _next;
    }

    // Shared

    /// <summary>Nothing of it starts any more.</summary>
    public bool IsReleased
    {
        get => _released;
        set => _released = value;
    }

    /// <summary>Tells its running handlers to give up.</summary>
    public CancellationToken Stopped => _stop.Token;

    public Task StopAsync() => _stop.CancelAsync();

    /// <summary>Deliveries taken and not settled yet, and who waits for them; guarded by the scheduler's lock.</summary>
    public int Running { get; set; }

    public TaskCompletionSource? Idle { get; set; }
}
