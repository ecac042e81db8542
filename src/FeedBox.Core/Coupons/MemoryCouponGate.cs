using System.Collections.Concurrent;

namespace FeedBox.Core.Coupons;

/// <summary>The gate of a single process.</summary>
public sealed class MemoryCouponGate : ICouponGate
{
    private readonly ConcurrentDictionary<Guid, Places> _events = new();

    public ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, int limit, CancellationToken cancellationToken) =>
        new(_events.TryGetValue(eventId, out var places) ? places.Reserve(userId, limit) : new(GateAnswer.NotLoaded, 0));

    public ValueTask LoadAsync(Guid eventId, IReadOnlyCollection<(long UserId, int Sequence)> accepted, CancellationToken cancellationToken)
    {
        _events.TryAdd(eventId, new(accepted));
        return ValueTask.CompletedTask;
    }

    public ValueTask ReleaseAsync(Guid eventId, long userId, CancellationToken cancellationToken)
    {
        if (_events.TryGetValue(eventId, out var places))
            places.Release(userId);
        return ValueTask.CompletedTask;
    }

    public ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken) =>
        new(_events.TryGetValue(eventId, out var places) ? places.Count : (int?)null);

    private sealed class Places
    {
        private readonly ConcurrentDictionary<long, int> _accepted;
        private readonly Lock _lock = new();
        private readonly SortedSet<int> _returned = [];
        private int _last;

        public Places(IReadOnlyCollection<(long UserId, int Sequence)> accepted)
        {
            _accepted = new(accepted.Select(place => KeyValuePair.Create(place.UserId, place.Sequence)));
            _last = accepted.Count == 0 ? 0 : accepted.Max(place => place.Sequence);
            for (var sequence = 1; sequence < _last; sequence++)
                _returned.Add(sequence);
            _returned.ExceptWith(accepted.Select(place => place.Sequence));
        }

        public int Count => _accepted.Count;

        public GateDecision Reserve(long userId, int limit)
        {
            // The stampede ends here for nearly everyone: reading needs no lock.
            if (_accepted.ContainsKey(userId))
                return new(GateAnswer.AlreadyRequested, 0);
            lock (_lock)
            {
                if (_accepted.ContainsKey(userId))
                    return new(GateAnswer.AlreadyRequested, 0);
                int sequence;
                if (_returned.Count > 0)
                {
                    sequence = _returned.Min;
                    _returned.Remove(sequence);
                }
                else if (_last < limit)
                    sequence = ++_last;
                else
                    return new(GateAnswer.SoldOut, 0);
                _accepted[userId] = sequence;
                return new(GateAnswer.Accepted, sequence);
            }
        }

        public void Release(long userId)
        {
            lock (_lock)
                if (_accepted.TryRemove(userId, out var sequence))
                    _returned.Add(sequence);
        }
    }
}
