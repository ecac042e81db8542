using FeedBox.Core.Coupons;
using Xunit;

namespace FeedBox.PortContracts.Coupons;

public abstract class CouponGateContract
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);
    private readonly Guid _event = Guid.CreateVersion7();

    protected abstract ICouponGate Gate { get; }

    [Fact]
    public async Task An_event_that_was_not_loaded_says_so()
    {

        Assert.Equal(new(GateAnswer.NotLoaded), await Gate.ReserveAsync(_event, 1, Now, default));
        Assert.Null(await Gate.CountAsync(_event, default));
        Assert.Equal(GateConfirmation.Lost, await Gate.ConfirmAsync(_event, 1, 1, default));
        Assert.True(await Gate.BeginLoadAsync(_event, 1, default));
        Assert.Equal(new(GateAnswer.NotLoaded), await Gate.ReserveAsync(_event, 1, Now, default));
        Assert.Null(await Gate.CountAsync(_event, default));
    }

    [Fact]
    public async Task A_place_is_the_same_until_it_is_confirmed_and_then_taken_for_good()
    {
        await LoadedAsync(limit: 2);

        Assert.Equal(new(GateAnswer.Reserved, 1, 1), await Gate.ReserveAsync(_event, 7, Now, default));
        Assert.Equal(new(GateAnswer.Reserved, 1, 1), await Gate.ReserveAsync(_event, 7, Now, default));
        Assert.Equal(1, await Gate.CountAsync(_event, default));
        Assert.Equal(GateConfirmation.Confirmed, await Gate.ConfirmAsync(_event, 7, 1, default));
        Assert.Equal(GateConfirmation.AlreadyConfirmed, await Gate.ConfirmAsync(_event, 7, 1, default));
        Assert.Equal(new(GateAnswer.AlreadyRequested), await Gate.ReserveAsync(_event, 7, Now, default));
        Assert.Equal(GateConfirmation.Lost, await Gate.ConfirmAsync(_event, 8, 1, default));
    }

    [Fact, Trait("Weakness", "H35")]
    public async Task H35_sold_out_and_already_requested_stay_what_they_are()
    {
        await LoadedAsync(limit: 1);
        await ReserveAndConfirmAsync(1);

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(new(GateAnswer.SoldOut), await Gate.ReserveAsync(_event, 2, Now, default));
            Assert.Equal(new(GateAnswer.AlreadyRequested), await Gate.ReserveAsync(_event, 1, Now, default));
        }
    }

    [Fact, Trait("Weakness", "H38")]
    public async Task H38_refusals_do_not_count()
    {
        await LoadedAsync(limit: 3);
        for (var user = 1; user <= 50; user++)
            for (var i = 0; i < 3; i++)
                await Gate.ReserveAsync(_event, user, Now, default);

        Assert.Equal(3, await Gate.CountAsync(_event, default));
    }

    [Fact]
    public async Task A_racing_crowd_gets_every_place_once()
    {
        const int limit = 100, users = 1_000;
        await LoadedAsync(limit);
        var answers = await Task.WhenAll(Enumerable.Range(0, 3 * users).Select(i => Task.Run(async () =>
        {
            var user = 1 + i % users;
            var decision = await Gate.ReserveAsync(_event, user, Now, default);
            var confirmation = decision.Answer == GateAnswer.Reserved ? await Gate.ConfirmAsync(_event, user, 1, default) : (GateConfirmation?)null;
            return (User: user, Decision: decision, Confirmation: confirmation);
        })));

        var confirmed = answers.Where(answer => answer.Confirmation == GateConfirmation.Confirmed).ToList();
        Assert.Equal(Enumerable.Range(1, limit), confirmed.Select(answer => answer.Decision.Sequence).Order());
        var winners = confirmed.Select(answer => answer.User).ToHashSet();
        Assert.Equal(limit, winners.Count);
        Assert.All(answers, answer => Assert.Equal(winners.Contains(answer.User), answer.Decision.Answer != GateAnswer.SoldOut));
        Assert.Equal(limit, await Gate.CountAsync(_event, default));
    }

    [Fact]
    public async Task Holders_keep_their_places_and_the_gaps_are_given_out()
    {
        await LoadedAsync(limit: 5, generation: 4, new(10, 1), new(20, 4));

        Assert.Equal(2, await Gate.CountAsync(_event, default));
        Assert.Equal(new(GateAnswer.AlreadyRequested), await Gate.ReserveAsync(_event, 20, Now, default));
        var places = new List<int>();
        for (var user = 30; user < 33; user++)
            places.Add((await Gate.ReserveAsync(_event, user, Now, default)).Sequence);
        Assert.Equal([2, 3, 5], places.Order());
        Assert.Equal(new(GateAnswer.SoldOut), await Gate.ReserveAsync(_event, 40, Now, default));
    }

    [Fact]
    public async Task Events_know_nothing_of_each_other()
    {
        await LoadedAsync(limit: 1);
        var other = Guid.CreateVersion7();
        await Gate.BeginLoadAsync(other, 1, default);
        await Gate.LoadAsync(other, 1, 1, [], default);
        await ReserveAndConfirmAsync(1);

        Assert.Equal(new(GateAnswer.Reserved, 1, 1), await Gate.ReserveAsync(other, 1, Now, default));
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_only_the_newest_load_opens_the_gate_and_a_loaded_gate_is_not_loaded_again()
    {
        Assert.True(await Gate.BeginLoadAsync(_event, 3, default));
        Assert.False(await Gate.BeginLoadAsync(_event, 2, default));
        Assert.True(await Gate.BeginLoadAsync(_event, 3, default));
        Assert.True(await Gate.BeginLoadAsync(_event, 4, default));

        await Gate.LoadAsync(_event, 3, 1, [], default);
        Assert.Null(await Gate.CountAsync(_event, default));
        await Gate.LoadAsync(_event, 4, 1, [], default);
        Assert.Equal(0, await Gate.CountAsync(_event, default));

        await Gate.ReserveAsync(_event, 1, Now, default);
        Assert.False(await Gate.BeginLoadAsync(_event, 5, default));
        await Gate.LoadAsync(_event, 4, 1, [], default);
        Assert.Equal(1, await Gate.CountAsync(_event, default));
        Assert.Equal(GateConfirmation.Lost, await Gate.ConfirmAsync(_event, 1, 3, default));
        Assert.Equal(GateConfirmation.Confirmed, await Gate.ConfirmAsync(_event, 1, 4, default));
    }

    [Fact, Trait("Weakness", "H33")]
    public async Task H33_a_load_without_a_mark_opens_nothing()
    {

        await Gate.LoadAsync(_event, 1, 10, [], default);

        Assert.Equal(new(GateAnswer.NotLoaded), await Gate.ReserveAsync(_event, 1, Now, default));
    }

    [Fact, Trait("Weakness", "H31")]
    public async Task H31_unconfirmed_places_are_listed_by_age_until_they_are_confirmed()
    {
        await LoadedAsync(limit: 10);
        await Gate.ReserveAsync(_event, 1, Now, default);
        await Gate.ReserveAsync(_event, 2, Now.AddSeconds(1), default);
        await Gate.ReserveAsync(_event, 1, Now.AddSeconds(5), default);

        Assert.Equal([new(_event, 1, 1, 1)], await UnconfirmedAsync(Now.AddSeconds(1)));
        Assert.Equal(2, (await UnconfirmedAsync(Now.AddSeconds(2))).Count);
        Assert.Single(await Gate.ListUnconfirmedAsync(Now.AddSeconds(2), 1, default));

        await Gate.ConfirmAsync(_event, 1, 1, default);
        Assert.Equal([new(_event, 2, 2, 1)], await UnconfirmedAsync(Now.AddSeconds(2)));
    }

    /// <summary>Those of this test: a shared gate has others.</summary>
    private async Task<IReadOnlyList<UnconfirmedPlace>> UnconfirmedAsync(DateTimeOffset before) =>
        [.. (await Gate.ListUnconfirmedAsync(before, 10_000, default)).Where(place => place.EventId == _event)];

    private Task LoadedAsync(int limit) => LoadedAsync(limit, generation: 1);

    private async Task LoadedAsync(int limit, int generation, params CouponHolder[] holders)
    {
        Assert.True(await Gate.BeginLoadAsync(_event, generation, default));
        await Gate.LoadAsync(_event, generation, limit, holders, default);
    }

    private async Task ReserveAndConfirmAsync(long user)
    {
        var decision = await Gate.ReserveAsync(_event, user, Now, default);
        Assert.Equal(GateConfirmation.Confirmed, await Gate.ConfirmAsync(_event, user, decision.Generation, default));
    }
}
