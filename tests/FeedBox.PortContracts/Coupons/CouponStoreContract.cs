using FeedBox.Core.Coupons;
using Xunit;

namespace FeedBox.PortContracts.Coupons;

public abstract class CouponStoreContract
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    /// <summary>Ids of this test alone, and event ids in an order that no other test disturbs.</summary>
    private readonly long _user = Random.Shared.NextInt64(1_000, 1L << 40);
    private readonly DateTimeOffset _ids = Now.AddHours(Random.Shared.NextInt64(1, 5_000_000));

    protected abstract ICouponStore Coupons { get; }

    [Fact]
    public async Task An_event_comes_back_as_it_was_added_and_is_added_once()
    {
        var added = Event("봄맞이 20% 할인 🎉", limit: 7, seed: 1);

        Assert.Equal(added, await Coupons.AddEventAsync(added, default));
        Assert.Equal(added, await Coupons.AddEventAsync(added with { Name = "다른 이름", Limit = 9 }, default));
        Assert.Equal(added, await Coupons.FindEventAsync(added.Id, default));
        Assert.Null(await Coupons.FindEventAsync(Guid.CreateVersion7(), default));
    }

    [Fact]
    public async Task Events_are_listed_newest_first_page_by_page()
    {
        var events = Enumerable.Range(0, 5).Select(i => Event($"행사 {i}", 100, seed: i)).ToList();
        foreach (var e in events)
            await Coupons.AddEventAsync(e, default);
        events.Reverse();

        Assert.Equal(events[..2], await Coupons.ListEventsAsync(Guid.CreateVersion7(_ids.AddMinutes(1)), 2, default));
        Assert.Equal(events[2..4], await Coupons.ListEventsAsync(events[1].Id, 2, default));
        Assert.Equal(events[4], (await Coupons.ListEventsAsync(events[3].Id, 2, default))[0]);
        Assert.Single(await Coupons.ListEventsAsync(null, 1, default));
    }

    [Fact, Trait("Weakness", "H37")]
    public async Task H37_issuing_again_adds_nothing_and_is_no_error()
    {
        var e = await OpenedAsync(limit: 100);
        CouponRequested[] batch = [Request(e, 1, 1), Request(e, 2, 2), Request(e, 2, 3), Request(e, 1, 1)];

        Assert.Equal(2, await Coupons.IssueAsync(batch, Now, default));
        Assert.Equal(0, await Coupons.IssueAsync(batch, Now, default));
        Assert.Equal(1, await Coupons.IssueAsync([.. batch, Request(e, 3, 3)], Now, default));
        Assert.Equal([(1, 1), (2, 2), (3, 3)], await HoldersAsync(e));
    }

    [Fact]
    public async Task Whether_a_request_became_a_coupon_can_be_asked()
    {
        var e = await OpenedAsync(limit: 1);
        var (first, tooLate) = (Request(e, 1, 1), Request(e, 2, 2));
        await Coupons.IssueAsync([first, tooLate], Now, default);

        Assert.True(await Coupons.IsIssuedAsync(first.CouponId, default));
        Assert.False(await Coupons.IsIssuedAsync(tooLate.CouponId, default));
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_the_table_itself_never_exceeds_the_limit()
    {
        var e = await OpenedAsync(limit: 100);

        var added = await Task.WhenAll(Enumerable.Range(0, 30).Select(batch => Task.Run(() =>
            Coupons.IssueAsync([.. Enumerable.Range(0, 10).Select(i => Request(e, 1 + batch * 10 + i, 1 + batch * 10 + i))], Now, default))));

        Assert.Equal(100, added.Sum());
        Assert.Equal(100, (await HoldersAsync(e)).Count);
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_requests_of_a_gate_that_was_replaced_are_issued_nothing()
    {
        var e = await OpenedAsync(limit: 10);
        await Coupons.IssueAsync([Request(e, 1, 1)], Now, default);

        var holders = await Coupons.StartGenerationAsync(e.Id, 2, default);
        Assert.Equal([new CouponHolder(_user + 1, 1)], holders);

        Assert.Equal(0, await Coupons.IssueAsync([Request(e, 2, 2, generation: 1)], Now, default));
        Assert.Equal(1, await Coupons.IssueAsync([Request(e, 3, 2, generation: 2)], Now, default));
        Assert.Equal([(1, 1), (3, 2)], await HoldersAsync(e));
    }

    [Fact]
    public async Task Of_many_who_start_a_generation_one_succeeds()
    {
        var e = await Coupons.AddEventAsync(Event("한 번만", 10, seed: 1), default);
        Assert.Equal(0, await Coupons.GetGenerationAsync(e.Id, default));
        Assert.Equal(0, await Coupons.GetGenerationAsync(Guid.CreateVersion7(), default));

        var started = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Coupons.StartGenerationAsync(e.Id, 1, default))));

        Assert.Single(started, holders => holders is not null);
        Assert.Equal(1, await Coupons.GetGenerationAsync(e.Id, default));
        Assert.Null(await Coupons.StartGenerationAsync(e.Id, 3, default));
        Assert.Null(await Coupons.StartGenerationAsync(Guid.CreateVersion7(), 1, default));
    }

    [Fact]
    public async Task Nothing_is_issued_for_an_unknown_event()
    {

        Assert.Equal(0, await Coupons.IssueAsync([Request(Event("없음", 5, seed: 1), 1, 1)], Now, default));
        Assert.Empty(await Coupons.ListUsableAsync(_user + 1, Now, null, 10, default));
    }

    [Fact, Trait("Weakness", "H39")]
    public async Task H39_usable_coupons_carry_their_event_and_are_neither_used_nor_expired()
    {
        var open = await OpenedAsync(limit: 5, name: "열린 행사");
        var over = await OpenedAsync(limit: 5, name: "끝난 행사", closesAt: Now.AddMinutes(1), seed: 1);
        var mine = Request(open, 1, 1);
        await Coupons.IssueAsync([mine, Request(open, 2, 2), Request(over, 1, 1)], Now, default);

        Assert.Equal(2, (await Coupons.ListUsableAsync(_user + 1, Now, null, 10, default)).Count);
        var coupon = Assert.Single(await Coupons.ListUsableAsync(_user + 1, Now.AddMinutes(1), null, 10, default));
        Assert.Equal(new Coupon(mine.CouponId, open.Id, "열린 행사", _user + 1, 1, Now, open.ClosesAt, null), coupon);

        await Coupons.UseAsync(coupon.Id, _user + 1, Now.AddMinutes(2), default);
        Assert.Empty(await Coupons.ListUsableAsync(_user + 1, Now.AddMinutes(2), null, 10, default));
    }

    [Fact]
    public async Task Usable_coupons_come_newest_first_page_by_page()
    {
        var requests = new List<CouponRequested>();
        for (var i = 0; i < 5; i++)
            requests.Add(Request(await OpenedAsync(5, seed: i), 1, 1) with { CouponId = Guid.CreateVersion7(Now.AddSeconds(i)) });
        await Coupons.IssueAsync(requests, Now, default);
        var newestFirst = requests.Select(request => request.CouponId).Reverse().ToList();

        var first = await Coupons.ListUsableAsync(_user + 1, Now, null, 3, default);
        Assert.Equal(newestFirst[..3], first.Select(coupon => coupon.Id));
        Assert.Equal(newestFirst[3..], (await Coupons.ListUsableAsync(_user + 1, Now, first[2].Id, 3, default)).Select(coupon => coupon.Id));
    }

    [Fact]
    public async Task A_coupon_is_used_once_and_only_by_its_holder_and_in_time()
    {
        var e = await OpenedAsync(limit: 5);
        var (mine, late) = (Request(e, 1, 1), Request(e, 2, 2));
        await Coupons.IssueAsync([mine, late], Now, default);

        Assert.Equal(CouponUse.NotFound, await Coupons.UseAsync(Guid.CreateVersion7(), _user + 1, Now, default));
        Assert.Equal(CouponUse.NotFound, await Coupons.UseAsync(mine.CouponId, _user + 2, Now, default));
        var uses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Coupons.UseAsync(mine.CouponId, _user + 1, Now, default))));
        Assert.Single(uses, CouponUse.Used);
        Assert.Equal(7, uses.Count(use => use == CouponUse.AlreadyUsed));
        Assert.Equal(CouponUse.Expired, await Coupons.UseAsync(late.CouponId, _user + 2, e.ClosesAt, default));
    }

    private CouponEvent Event(string name, int limit, int seed, DateTimeOffset? closesAt = null) =>
        new(Guid.CreateVersion7(_ids.AddSeconds(seed)), name, limit, Now, closesAt ?? Now.AddHours(1));

    private async Task<CouponEvent> OpenedAsync(
        int limit, string name = "선착순", DateTimeOffset? closesAt = null, int seed = 0)
    {
        var added = await Coupons.AddEventAsync(Event(name, limit, seed, closesAt), default);
        Assert.NotNull(await Coupons.StartGenerationAsync(added.Id, 1, default));
        return added;
    }

    private CouponRequested Request(CouponEvent e, long user, int sequence, int generation = 1) =>
        new(Guid.CreateVersion7(Now), e.Id, _user + user, sequence, generation);

    private async Task<IReadOnlyList<(long, int)>> HoldersAsync(CouponEvent e)
    {
        var next = await Coupons.GetGenerationAsync(e.Id, default) + 1;
        return [.. (await Coupons.StartGenerationAsync(e.Id, next, default))!.Select(holder => (holder.UserId - _user, holder.Sequence)).Order()];
    }
}
