using System.Collections.Concurrent;

namespace FeedBox.Bench.Crowd;

/// <summary>More people than coupons, event after event; some use theirs, and try it again.</summary>
public sealed class CouponCrowd(Server server, Journal journal, int seed, int people, int pace)
{
    public const int Limit = 100;
    private const int Clients = 3;
    private const int RefusalsUntilNext = 100;
    private const long Operator = 1;
    private readonly long[] _crowd = [.. Enumerable.Range(1_001, people)];
    private readonly ConcurrentQueue<CouponEvent> _events = new();
    private readonly ConcurrentDictionary<Guid, Use> _uses = new();
    private CouponEvent? _current;
    private int _settled;

    public IReadOnlyCollection<CouponEvent> Events => _events;

    /// <summary>Each coupon that somebody tried to use, by its id.</summary>
    public IReadOnlyDictionary<Guid, Use> Uses => _uses;

    public IReadOnlyList<long> People => _crowd;

    public sealed class CouponEvent(Guid id)
    {
        public Guid Id => id;
        public int Accepted => Requests.Values.Count(request => Volatile.Read(ref request.Accepted) > 0);
        public ConcurrentDictionary<long, Request> Requests { get; } = new();
        public int SoldOutAnswers;
    }

    /// <summary>A user's dealings with an event.</summary>
    public sealed class Request
    {
        public int Asked;
        public int Accepted;
    }

    /// <summary>A user's attempts to use a coupon.</summary>
    public sealed class Use(Guid couponId, Guid eventId, long user)
    {
        public Guid CouponId => couponId;
        public Guid EventId => eventId;
        public long User => user;
        public int Asked;

        /// <summary>By an answer; of whom the answer was cut off, nobody knows until it is asked again.</summary>
        public volatile bool IsUsed;

        /// <summary>What the one attempt that succeeded was told.</summary>
        public string? UsedAt;
    }

    public IEnumerable<Task> Play(CancellationToken cancellationToken) =>
        Enumerable.Range(0, Clients).Select(client => PlayAsync(new Random(seed + client), opens: client == 0, cancellationToken));

    /// <summary>
    /// Everybody asks until every event is sold out, and everybody hears the same again. Whoever tried to use a coupon tries until it is used.
    /// </summary>
    public async Task SettleAsync()
    {
        foreach (var use in _uses.Values)
            while (!use.IsUsed)
                if (!await UseAsync(use, withKey: false, CancellationToken.None))
                    await Task.Delay(100);
        foreach (var couponEvent in _events.Skip(_settled))
        {
            _settled++;
            await Task.WhenAll(_crowd.Select(user => InsistAsync(couponEvent, user)));
            foreach (var user in _crowd)
                await InsistAsync(couponEvent, user);
        }
    }

    /// <summary>Waits until some of an event's coupons are given out and some are not.</summary>
    public async Task MiddleOfEventAsync()
    {
        while (_current?.Accepted is not (> Limit / 4 and < Limit * 3 / 4))
            await Task.Delay(20);
    }

    private async Task PlayAsync(Random random, bool opens, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (opens && (_current is null || Volatile.Read(ref _current.SoldOutAnswers) > RefusalsUntilNext))
                await OpenNextAsync(cancellationToken);
            if (_current is { } couponEvent)
            {
                if (random.Next(10) == 0)
                    couponEvent = _events.ElementAt(random.Next(_events.Count));
                await RequestAsync(couponEvent, _crowd[random.Next(_crowd.Length)], random.Next(4) == 0, cancellationToken);
                if (random.Next(6) == 0)
                    await UseOneAsync(random, cancellationToken);
            }
            await Task.Delay(random.Next(2, 30) * pace, cancellationToken);
        }
    }

    /// <summary>An event whose opening was not answered may exist, and nobody ever asks for it.</summary>
    private async Task OpenNextAsync(CancellationToken cancellationToken)
    {
        var draft = new { name = $"선착순 쿠폰 {_events.Count + 1}", limit = Limit, closesAt = DateTimeOffset.UtcNow.AddHours(2) };
        var answer = journal.Wrote("coupon events", await server.SendAsync(HttpMethod.Post, "/coupon-events", Operator, draft, cancellationToken: cancellationToken));
        if (answer is { Status: 201 })
            _events.Enqueue(_current = new(answer.Body!["id"]!.GetValue<Guid>()));
        else if (answer is not null)
            journal.Wrong($"POST /coupon-events answered {answer.Status} {answer.Code}");
    }

    private async Task InsistAsync(CouponEvent couponEvent, long user)
    {
        while (!await RequestAsync(couponEvent, user, withKey: false, CancellationToken.None))
            await Task.Delay(100);
    }

    /// <summary>False when there was no answer to rely on.</summary>
    private async Task<bool> RequestAsync(CouponEvent couponEvent, long user, bool withKey, CancellationToken cancellationToken)
    {
        var request = couponEvent.Requests.GetOrAdd(user, _ => new());
        var acceptedBefore = Volatile.Read(ref request.Accepted) > 0;
        var first = Interlocked.Increment(ref request.Asked) == 1;
        var answer = journal.Wrote("coupon requests", await server.SendAsync(
            HttpMethod.Post, $"/coupon-events/{couponEvent.Id}/requests", user, null,
            withKey ? ("Idempotency-Key", Guid.NewGuid().ToString()) : null, cancellationToken));
        switch (answer)
        {
            case null:
                return false;
            case { Status: 202 }:
                if (Interlocked.Increment(ref request.Accepted) > 1)
                    journal.Duplicated($"user {user} was accepted twice for coupon event {couponEvent.Id}");
                journal.Add("coupon requests accepted");
                break;
            case { Code: "already-requested" }:
                if (first && Volatile.Read(ref request.Asked) == 1)
                    journal.Wrong($"user {user}, who asked for the first time, heard already-requested for coupon event {couponEvent.Id}");
                break;
            case { Code: "sold-out" }:
                Interlocked.Increment(ref couponEvent.SoldOutAnswers);
                if (acceptedBefore)
                    journal.Lost($"user {user} was accepted for coupon event {couponEvent.Id} and then heard sold-out");
                break;
            default:
                journal.Wrong($"a coupon request answered {answer.Status} {answer.Code}");
                break;
        }
        return true;
    }

    /// <summary>One that was tried before, or one that its owner is shown.</summary>
    private async Task UseOneAsync(Random random, CancellationToken cancellationToken)
    {
        if (random.Next(3) == 0 && !_uses.IsEmpty)
        {
            await UseAsync(_uses.Values.ElementAt(random.Next(_uses.Count)), random.Next(2) == 0, cancellationToken);
            return;
        }
        var user = _crowd[random.Next(_crowd.Length)];
        var usedBefore = _uses.Values.Where(use => use.IsUsed).Select(use => use.CouponId).ToHashSet();
        var shown = (await server.AskAsync("/coupons?limit=100", user, cancellationToken)).Body!["items"]!.AsArray();
        foreach (var id in shown.Select(coupon => coupon!["id"]!.GetValue<Guid>()).Where(usedBefore.Contains))
            journal.Lost($"the use of coupon {id}: it is shown as usable again");
        if (shown.Count == 0)
            return;
        var chosen = shown[random.Next(shown.Count)]!;
        var couponId = chosen["id"]!.GetValue<Guid>();
        await UseAsync(_uses.GetOrAdd(couponId, _ => new(couponId, chosen["eventId"]!.GetValue<Guid>(), user)), random.Next(2) == 0, cancellationToken);
    }

    /// <summary>False when there was no answer to rely on.</summary>
    private async Task<bool> UseAsync(Use use, bool withKey, CancellationToken cancellationToken)
    {
        var first = Interlocked.Increment(ref use.Asked) == 1;
        var answer = journal.Wrote("coupon uses", await server.SendAsync(
            HttpMethod.Post, $"/coupons/{use.CouponId}/use", use.User, null, withKey ? ("Idempotency-Key", $"use-{use.CouponId}") : null, cancellationToken));
        switch (answer)
        {
            case null:
                return false;
            case { Status: 200 }:
                var usedAt = (string)answer.Body!["usedAt"]!;
                // The repetition of a request with its key hears the first answer again, to the tick.
                if (Interlocked.CompareExchange(ref use.UsedAt, usedAt, null) is { } before && (before != usedAt || !withKey))
                    journal.Duplicated($"coupon {use.CouponId} of user {use.User} was used at {before} and at {usedAt}");
                break;
            case { Code: "already-used" }:
                if (first && Volatile.Read(ref use.Asked) == 1)
                    journal.Wrong($"user {use.User}, who used coupon {use.CouponId} for the first time, heard already-used");
                break;
            default:
                journal.Wrong($"the use of coupon {use.CouponId} answered {answer.Status} {answer.Code}");
                break;
        }
        use.IsUsed = true;
        return true;
    }

    /// <summary>Every use that is known is told so once more.</summary>
    public async Task RepeatUsesAsync()
    {
        foreach (var use in _uses.Values)
        {
            while (!await UseAsync(use, withKey: false, CancellationToken.None))
                await Task.Delay(100);
            journal.Add("coupons used");
        }
    }
}
