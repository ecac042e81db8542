namespace FeedBox.Http.Shedding;

/// <summary>
/// How many requests may be under way at once: found out by watching how long they take. What queues up inside the process makes them slow,
/// so a slow half means fewer, in proportion, and a limit that is used without that means more.
/// The median decides: one request in five that waits for a failing partner is no overload. Cheap enough for every request; shared by all threads.
/// </summary>
internal sealed class AdaptiveLimit
{
    private const int FewestToJudge = 20;

    private readonly SheddingOptions _options;
    private readonly TimeProvider _time;
    private readonly long _target, _window;
    private readonly Lock _gate = new();
    private int _limit, _inFlight, _peak, _finished, _slow;
    private long _spent, _shed, _since;

    public AdaptiveLimit(SheddingOptions options, TimeProvider time)
    {
        (_options, _time, _limit) = (options, time, options.FirstAtOnce);
        _target = Ticks(options.TargetLatency);
        _window = Ticks(options.Window);
        _since = time.GetTimestamp();
    }

    public int Limit => Volatile.Read(ref _limit);

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Turned away since the start.</summary>
    public long Shed => Interlocked.Read(ref _shed);

    /// <summary>Whoever gets true calls <see cref="Leave"/> at the end.</summary>
    public bool TryEnter()
    {
        var inFlight = Interlocked.Increment(ref _inFlight);
        if (inFlight > _peak)
            _peak = inFlight; // a lost update costs a little precision
        if (inFlight <= Limit)
            return true;
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Increment(ref _shed);
        return false;
    }

    /// <param name="entered">The provider's timestamp of the entry.</param>
    public void Leave(long entered)
    {
        Interlocked.Decrement(ref _inFlight);
        var since = Interlocked.Read(ref _since);
        if (entered < since)
            return; // it queued under another limit
        var now = _time.GetTimestamp();
        Interlocked.Add(ref _spent, now - entered);
        if (now - entered > _target)
            Interlocked.Increment(ref _slow);
        if (Interlocked.Increment(ref _finished) >= FewestToJudge && now - since >= _window)
            Judge(since, now);
    }

    private void Judge(long since, long now)
    {
        lock (_gate)
        {
            if (since != _since)
                return; // another thread was faster
            if (_peak >= _limit / 2) // else it is not this limit that makes requests fast or slow
            {
                if (_slow * 2 > _finished)
                    _limit = Math.Max(_options.LeastAtOnce, (int)(_limit * Math.Clamp((double)_target * _finished / _spent, 0.5, 0.9)));
                else if (_slow * 10 < _finished)
                    _limit = Math.Min(_options.MostAtOnce, _limit + _limit / 4 + 1);
            }
            _peak = _finished = _slow = 0;
            _spent = 0;
            Interlocked.Exchange(ref _since, now);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
