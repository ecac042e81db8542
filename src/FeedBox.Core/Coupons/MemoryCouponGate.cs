using System.Collections.Concurrent;

namespace FeedBox.Core.Coupons;

/// <summary>The gate of a single process.</summary>
public sealed class MemoryCouponGate : ICouponGate
{
    private readonly ConcurrentDictionary<Guid, Gate> _gates = new();

    public ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        new(Find(eventId)?.Reserve(userId, now) ?? new(GateAnswer.NotLoaded));

    public ValueTask<GateConfirmation> ConfirmAsync(Guid eventId, long userId, int generation, CancellationToken cancellationToken) =>
        new(Find(eventId) is { } places && places.Generation == generation ? places.Confirm(userId) : GateConfirmation.Lost);

    public ValueTask<bool> BeginLoadAsync(Guid eventId, int generation, CancellationToken cancellationToken)
    {
        var mark = new Gate(generation, null);
        var now = _gates.AddOrUpdate(eventId, mark, (_, old) => old.Places is null && old.Generation <= generation ? mark : old);
        return new(now == mark);
    }

    public ValueTask LoadAsync(
        Guid eventId, int generation, int limit, IReadOnlyCollection<CouponHolder> holders, CancellationToken cancellationToken)
    {
        if (_gates.TryGetValue(eventId, out var mark) && mark.Places is null && mark.Generation == generation)
            _gates.TryUpdate(eventId, new(generation, new(generation, limit, holders)), mark);
        return ValueTask.CompletedTask;
    }

    public ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken) => new(Find(eventId)?.Taken);

    public ValueTask<IReadOnlyList<UnconfirmedPlace>> ListUnconfirmedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        new([.. (from gate in _gates
                 let places = gate.Value.Places
                 where places is not null
                 from place in places.Unconfirmed
                 where place.Value.ReservedAt < before
                 select new UnconfirmedPlace(gate.Key, place.Key, place.Value.Sequence, places.Generation)).Take(limit)]);

    private Places? Find(Guid eventId) => _gates.TryGetValue(eventId, out var gate) ? gate.Places : null;

    /// <param name="Places">Null while the event is being loaded.</param>
    private sealed record Gate(int Generation, Places? Places);

    private sealed class Place(int sequence, DateTimeOffset reservedAt)
    {
        public readonly int Sequence = sequence;
        public readonly DateTimeOffset ReservedAt = reservedAt;
        public int Confirmed;
    }

    private sealed class Places
    {
        private readonly ConcurrentDictionary<long, Place> _taken = new();
        private readonly Lock _lock = new();
        private readonly Queue<int> _free;
        private readonly int _limit;
        private int _left;

        public Places(int generation, int limit, IReadOnlyCollection<CouponHolder> holders)
        {
            Generation = generation;
            _limit = limit;
            foreach (var holder in holders)
                _taken[holder.UserId] = new(holder.Sequence, default) { Confirmed = 1 };
            _free = new(Enumerable.Range(1, limit).Except(holders.Select(holder => holder.Sequence)).Take(limit - _taken.Count));
            _left = _free.Count;
        }

        public int Generation { get; }

        public ConcurrentDictionary<long, Place> Unconfirmed { get; } = new();

        public int Taken => _limit - Volatile.Read(ref _left);

        public GateDecision Reserve(long userId, DateTimeOffset now)
        {
            // The stampede ends here, without a lock, for nearly everyone. Stock is read before the user: once none is left, everyone
            // who has a place can be found.
            var soldOut = Volatile.Read(ref _left) == 0;
            if (!_taken.TryGetValue(userId, out var place))
            {
                if (soldOut)
                    return new(GateAnswer.SoldOut);
                lock (_lock)
                {
                    if (!_taken.TryGetValue(userId, out place))
                    {
                        if (!_free.TryDequeue(out var sequence))
                            return new(GateAnswer.SoldOut);
                        place = new(sequence, now);
                        Unconfirmed[userId] = place;
                        _taken[userId] = place;
                        Volatile.Write(ref _left, _free.Count);
                    }
                }
            }
            return Volatile.Read(ref place.Confirmed) == 0
                ? new(GateAnswer.Reserved, place.Sequence, Generation)
                : new(GateAnswer.AlreadyRequested);
        }

        public GateConfirmation Confirm(long userId)
        {
            if (!_taken.TryGetValue(userId, out var place))
                return GateConfirmation.Lost;
            if (Interlocked.Exchange(ref place.Confirmed, 1) == 1)
                return GateConfirmation.AlreadyConfirmed;
            Unconfirmed.TryRemove(userId, out _);
            return GateConfirmation.Confirmed;
        }
    }
}
