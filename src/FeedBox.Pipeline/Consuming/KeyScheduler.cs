namespace FeedBox.Pipeline.Consuming;

/// <summary>
/// Runs deliveries: the keys in parallel, at most <paramref name="maxConcurrency"/> at once, and those of one key one after the other.
/// A key has an entry exactly while it has unfinished deliveries, and is then in one of three states:
/// ready (queued for a pump), running (its first delivery is tried), or waiting (for a retry; holds no slot).
/// One lock guards all of it. It is taken per batch and never while a handler runs.
/// </summary>
internal sealed class KeyScheduler(int maxConcurrency, int room, Func<Delivery, ValueTask<Outcome>> attempt, TimeProvider time)
{
    private const int BatchSize = 32;
    private static readonly int MaxPumps = Math.Max(4, Environment.ProcessorCount);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterCancel = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, KeyQueue> _keys = [];
    private readonly Queue<KeyQueue> _ready = new();
    private readonly Stack<Pump> _idlePumps = new();
    private IReadOnlyCollection<OwnedPartition> _releasing = [];
    private TaskCompletionSource? _roomAgain;
    private ITimer? _pauseTimer;
    private DateTimeOffset _pausedUntil;
    private string? _pausedBy;
    private volatile bool _paused;
    private int _pumps, _running, _waiting;
    private long _finished, _retries;

    /// <param name="Finished">Since the start.</param>
    public readonly record struct State(int Running, int Waiting, long Finished, long Retries, DateTimeOffset? PausedUntil, string? PausedBy);

    public bool IsPaused => _paused;

    public State Read()
    {
        lock (_gate)
            return new(_running, _waiting, _finished, _retries, _paused ? _pausedUntil : null, _paused ? _pausedBy : null);
    }

    public void Add(IReadOnlyList<Delivery> deliveries)
    {
        for (var start = 0; start < deliveries.Count; start += BatchSize)
            lock (_gate)
            {
                var end = Math.Min(start + BatchSize, deliveries.Count);
                for (var i = start; i < end; i++)
                    Add(deliveries[i]);
                WakePump();
            }
    }

    /// <summary>Completes when few enough keys are ready for it to make sense to poll more.</summary>
    public Task RoomAsync()
    {
        lock (_gate)
            return _ready.Count <= room ? Task.CompletedTask : (_roomAgain ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    /// <summary>Lets these partitions come to an end without gaps; when that takes too long, cancels what runs.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<OwnedPartition> partitions, TimeSpan atMost)
    {
        Task idle;
        lock (_gate)
        {
            _releasing = partitions;
            idle = Task.WhenAll(partitions.Select(partition => partition.ReleaseAsync(_paused)));
        }
        if (!idle.IsCompleted)
            await Task.WhenAny(idle, Task.Delay(atMost, time));
        lock (_gate)
        {
            _releasing = [];
            foreach (var partition in partitions)
                partition.LeaveGaps();
        }
        if (idle.IsCompleted)
            return;
        foreach (var partition in partitions)
            await partition.StopAsync();
        await Task.WhenAny(idle, Task.Delay(AfterCancel, time));
    }

    private void Add(Delivery delivery)
    {
        var name = delivery.Record.Key; // without a key there is no order to keep
        if (name is not null && _keys.TryGetValue(name, out var key))
        {
            key.Last = key.Last.NextOfKey = delivery;
            return;
        }
        key = new(name, delivery);
        if (name is not null)
            _keys.Add(name, key);
        _ready.Enqueue(key);
    }

    private int Take(KeyQueue[] batch)
    {
        lock (_gate)
        {
            var share = Math.Clamp(_ready.Count / MaxPumps, 1, batch.Length); // few ready keys are spread over the pumps
            var taken = 0;
            while (taken < share && MayStart)
            {
                var key = batch[taken++] = _ready.Dequeue();
                key.First.Partition.Started(key.First);
                _running++;
            }
            if (_roomAgain is not null && _ready.Count <= room / 2)
            {
                _roomAgain.SetResult();
                _roomAgain = null;
            }
            WakePump();
            return taken;
        }
    }

    private bool MayStart => !_paused && _ready.Count > 0 && _running < maxConcurrency;

    private void WakePump()
    {
        if (!MayStart || _pumps == MaxPumps)
            return;
        _pumps++;
        Schedule(_idlePumps.TryPop(out var pump) ? pump : new Pump(this));
    }

    /// <summary>A batch is one work item, so that the thread pool can serve others in between.</summary>
    private static void Schedule(Pump pump) => ThreadPool.UnsafeQueueUserWorkItem(pump, preferLocal: false);

    private void Settle(KeyQueue[] batch, Outcome[] outcomes, int count, Pump pump)
    {
        lock (_gate)
        {
            for (var i = 0; i < count; i++)
                Settle(batch[i], outcomes[i]);
            Array.Clear(batch);
            if (MayStart)
            {
                Schedule(pump);
                return;
            }
            _pumps--;
            _idlePumps.Push(pump);
        }
    }

    private async Task SettleLaterAsync(KeyQueue key, ValueTask<Outcome> running)
    {
        var outcome = await running;
        lock (_gate)
        {
            Settle(key, outcome);
            WakePump();
        }
    }

    private void Settle(KeyQueue key, Outcome outcome)
    {
        var delivery = key.First;
        _running--;
        switch (outcome.Result)
        {
            case Result.Finished:
                _finished++;
                delivery.Finish();
                Next(key);
                break;
            case Result.Abandoned:
                Next(key);
                break;
            case Result.Retry:
                _retries++;
                _waiting++;
                key.Retry = time.CreateTimer(_ => RetryNow(key), null, outcome.Delay, Timeout.InfiniteTimeSpan);
                break;
            case Result.Pause:
                Pause(outcome);
                _ready.Enqueue(key);
                break;
            case Result.NotNow:
                _ready.Enqueue(key);
                break;
        }
        delivery.Partition.Ended(delivery); // last, so that who waits sees it finished
    }

    private void Next(KeyQueue key)
    {
        if (key.First.NextOfKey is { } next)
        {
            key.First = next;
            _ready.Enqueue(key);
        }
        else if (key.Name is not null)
        {
            _keys.Remove(key.Name);
        }
    }

    private void RetryNow(KeyQueue key)
    {
        lock (_gate)
        {
            key.Retry!.Dispose();
            _waiting--;
            _ready.Enqueue(key);
            WakePump();
        }
    }

    /// <summary>Before the batch is settled, so that the rest of it does not start.</summary>
    private void PauseNow(Outcome outcome)
    {
        lock (_gate)
            Pause(outcome);
    }

    private void Pause(Outcome outcome)
    {
        var delay = outcome.Delay > ShortestPause ? outcome.Delay : ShortestPause;
        var until = time.GetUtcNow() + delay;
        if (_paused && until <= _pausedUntil)
            return;
        (_pausedUntil, _pausedBy, _paused) = (until, outcome.Dependency, true);
        _pauseTimer ??= time.CreateTimer(_ => Unpause(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _pauseTimer.Change(delay, Timeout.InfiniteTimeSpan);
        foreach (var partition in _releasing)
            partition.LeaveGaps();
    }

    private void Unpause()
    {
        lock (_gate)
        {
            _paused = false;
            WakePump();
        }
    }

    private sealed class KeyQueue(string? name, Delivery only)
    {
        public string? Name => name;
        public Delivery First = only, Last = only;
        public ITimer? Retry;
    }

    /// <summary>Tries a batch of keys. What completes at once is settled together; what does not goes on without the pump.</summary>
    private sealed class Pump(KeyScheduler owner) : IThreadPoolWorkItem
    {
        private readonly KeyQueue[] _batch = new KeyQueue[BatchSize];
        private readonly Outcome[] _outcomes = new Outcome[BatchSize];

        public void Execute()
        {
            var taken = owner.Take(_batch);
            var settled = 0;
            for (var i = 0; i < taken; i++)
            {
                var key = _batch[i];
                var running = Try(key.First);
                if (!running.IsCompletedSuccessfully)
                {
                    _ = owner.SettleLaterAsync(key, running);
                    continue;
                }
                var outcome = running.Result;
                if (outcome.Result == Result.Pause)
                    owner.PauseNow(outcome);
                (_batch[settled], _outcomes[settled++]) = (key, outcome);
            }
            owner.Settle(_batch, _outcomes, settled, this);
        }

        private ValueTask<Outcome> Try(Delivery delivery) =>
            !delivery.Partition.MayStart(delivery) ? new(new Outcome(Result.Abandoned))
            : owner._paused ? new(new Outcome(Result.NotNow))
            : owner.Attempt(delivery);
    }

    private ValueTask<Outcome> Attempt(Delivery delivery) => attempt(delivery);
}
