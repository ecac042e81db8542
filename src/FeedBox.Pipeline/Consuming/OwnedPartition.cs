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
    private long _next;
    private long _last = long.MaxValue;
    private int _running, _missing;
    private TaskCompletionSource? _idle;

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

    /// <summary>Tells its running handlers to give up.</summary>
    public CancellationToken Stopped => _stop.Token;

    public Task StopAsync() => _stop.CancelAsync();

    /// <summary>False for what its next owner is to handle.</summary>
    public bool MayStart(Delivery delivery) => delivery.Offset <= Volatile.Read(ref _last);

    /// <summary>Nothing of it starts any more.</summary>
    public void Close() => Volatile.Write(ref _last, -1);

    // Shared, under the scheduler's lock

    public void Started(Delivery delivery)
    {
        delivery.IsRunning = true;
        _running++;
        if (_missing > 0 && MayStart(delivery))
            _missing--;
    }

    public void Ended(Delivery delivery)
    {
        delivery.IsRunning = false;
        _running--;
        if (!delivery.IsFinished && _idle is not null && MayStart(delivery))
            LeaveGaps(); // the commit mark stays behind it
        TellIdle();
    }

    /// <summary>
    /// From now on starts only what is missing below the newest record that was started: once the commit mark has passed them all, the next owner
    /// repeats nothing. Completes when that is done; what waits for a retry is not waited for.
    /// </summary>
    public Task ReleaseAsync(bool isPaused)
    {
        var (last, missing) = (-1L, 0);
        foreach (var delivery in isPaused ? [] : _window)
        {
            if (delivery.IsFinished || delivery.IsRunning)
            {
                last = delivery.Offset;
                _missing = missing;
            }
            else if (delivery.Failures > 0)
                break;
            else
                missing++;
        }
        Volatile.Write(ref _last, last);
        _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TellIdle();
        return _idle.Task;
    }

    /// <summary>Starts nothing any more, though what was handled may be repeated then.</summary>
    public void LeaveGaps()
    {
        Close();
        _missing = 0;
        TellIdle();
    }

    private void TellIdle()
    {
        if (_running == 0 && _missing == 0)
            _idle?.TrySetResult();
    }
}
