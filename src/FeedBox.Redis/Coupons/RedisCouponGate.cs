using FeedBox.Core.Coupons;
using StackExchange.Redis;

namespace FeedBox.Redis.Coupons;

/// <summary>The gate that several processes share: each step is one script over the keys of one event.</summary>
public sealed class RedisCouponGate(RedisStore store) : ICouponGate
{
    private readonly long _keptFor = (long)store.Options.CouponGatesKeptFor.TotalMilliseconds;

    /// <summary>Events whose gates may have unconfirmed places, each with a number that grows whenever it is put on.</summary>
    private readonly RedisKey _events = store.Key("coupon-events");

    public async ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var result = await store.RunScriptAsync(GateScripts.Reserve, Keys(eventId), userId, now.ToUnixTimeMilliseconds(), _keptFor)
            .WaitAsync(cancellationToken);
        return (string?)result[0] switch
        {
            "reserved" => new(GateAnswer.Reserved, (int)result[1], (int)result[2]),
            "already-requested" => new(GateAnswer.AlreadyRequested),
            "sold-out" => new(GateAnswer.SoldOut),
            _ => new(GateAnswer.NotLoaded),
        };
    }

    public async ValueTask<GateConfirmation> ConfirmAsync(Guid eventId, long userId, int generation, CancellationToken cancellationToken) =>
        (string?)await store.RunScriptAsync(GateScripts.Confirm, Keys(eventId), userId, generation).WaitAsync(cancellationToken) switch
        {
            "confirmed" => GateConfirmation.Confirmed,
            "already-confirmed" => GateConfirmation.AlreadyConfirmed,
            _ => GateConfirmation.Lost,
        };

    public async ValueTask<bool> BeginLoadAsync(Guid eventId, int generation, CancellationToken cancellationToken) =>
        (bool)await store.RunScriptAsync(GateScripts.BeginLoad, Keys(eventId), generation, _keptFor).WaitAsync(cancellationToken);

    public async ValueTask LoadAsync(
        Guid eventId, int generation, int limit, IReadOnlyCollection<CouponHolder> holders, CancellationToken cancellationToken)
    {
        var free = Enumerable.Range(1, limit).Except(holders.Select(holder => holder.Sequence)).Take(Math.Max(0, limit - holders.Count)).ToList();
        var next = limit + 1;
        var left = free.Count;
        while (free.Count > 0 && free[^1] == next - 1)
        {
            next--;
            free.RemoveAt(free.Count - 1);
        }
        free.Reverse(); // the last gap is given out first: the lowest place

        // On the list before it opens: a place that is given must be found by who carries places through.
        await store.RunAsync(database => database.SortedSetIncrementAsync(_events, eventId.ToString(), 1)).WaitAsync(cancellationToken);
        await store.RunScriptAsync(GateScripts.Load, Keys(eventId),
        [
            generation, _keptFor, limit, left, next, free.Count,
            .. free.Select(place => (RedisValue)place),
            .. holders.SelectMany(holder => new RedisValue[] { holder.UserId, holder.Sequence }),
        ]).WaitAsync(cancellationToken);
    }

    public async ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var gate = await store.RunAsync(database => database.HashGetAsync(Keys(eventId)[0], ["open", "limit", "left"])).WaitAsync(cancellationToken);
        return gate[0].IsNull ? null : (int)gate[1] - (int)gate[2];
    }

    public async ValueTask<IReadOnlyList<UnconfirmedPlace>> ListUnconfirmedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken)
    {
        var events = await store.RunAsync(database => database.SortedSetRangeByRankWithScoresAsync(_events)).WaitAsync(cancellationToken);
        var lists = await Task.WhenAll(events.Select(entry => ListAsync(entry, before, limit))).WaitAsync(cancellationToken);
        return [.. lists.SelectMany(places => places).Take(limit)];
    }

    private async Task<IReadOnlyList<UnconfirmedPlace>> ListAsync(SortedSetEntry entry, DateTimeOffset before, int limit)
    {
        var eventId = Guid.Parse((string)entry.Element!);
        var result = (RedisValue[])(await store.RunScriptAsync(GateScripts.ListUnconfirmed, Keys(eventId), before.ToUnixTimeMilliseconds(), limit))!;
        if (result[0] == "gone" || result[0] == "settled")
            await store.RunScriptAsync(GateScripts.Unlist, [_events], entry.Element, entry.Score);
        return result.Length < 3
            ? []
            : [.. result.Skip(2).Chunk(2).Select(place => new UnconfirmedPlace(eventId, (long)place[0], (int)place[1], (int)result[1]))];
    }

    private RedisKey[] Keys(Guid eventId) => [store.Key($"coupon:{{{eventId}}}:gate"), store.Key($"coupon:{{{eventId}}}:unconfirmed")];
}
