using FeedBox.Core.Coupons;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Coupons;

public sealed class OpenCouponEventTests
{
    private readonly ManualTime _time = new();
    private readonly MemoryCouponStore _store = new();

    [Fact]
    public async Task An_event_has_a_hundred_coupons_and_opens_at_once_when_nothing_else_is_said()
    {
        var now = _time.GetUtcNow();
        var id = Guid.CreateVersion7();

        var opened = await OpenAsync(new("20% 할인", null, null, now.AddHours(1)), id);

        Assert.Equal(new(id, "20% 할인", 100, now, now.AddHours(1)), opened);
        Assert.Equal(opened, await OpenAsync(new("다시", 5, null, now.AddHours(1)), id));
    }

    [Theory]
    [InlineData(null, 100, 0, 60, "name-required")]
    [InlineData("  ", 100, 0, 60, "name-required")]
    [InlineData("이벤트\0", 100, 0, 60, "name-invalid-text")]
    [InlineData("이벤트", 0, 0, 60, "limit-out-of-range")]
    [InlineData("이벤트", -1, 0, 60, "limit-out-of-range")]
    [InlineData("이벤트", 100_001, 0, 60, "limit-out-of-range")]
    [InlineData("이벤트", 100, 0, null, "closesAt-required")]
    [InlineData("이벤트", 100, 60, 60, "closesAt-too-early")]
    [InlineData("이벤트", 100, -60, 0, "closesAt-too-early")]
    public async Task A_draft_that_makes_no_sense_is_refused(string? name, int limit, int opensIn, int? closesIn, string code)
    {
        var now = _time.GetUtcNow();
        var refusal = await Assert.ThrowsAsync<FeedBoxException>(() =>
            OpenAsync(new(name, limit, now.AddMinutes(opensIn), closesIn is { } minutes ? now.AddMinutes(minutes) : null), Guid.CreateVersion7()));
        Assert.Equal((code, ProblemKind.Invalid), (refusal.Code, refusal.Kind));
    }

    [Fact]
    public async Task A_name_has_at_most_a_hundred_characters()
    {
        var closes = _time.GetUtcNow().AddHours(1);
        await OpenAsync(new(new string('가', 100), null, null, closes), Guid.CreateVersion7());
        var refusal = await Assert.ThrowsAsync<FeedBoxException>(() => OpenAsync(new(new string('가', 101), null, null, closes), Guid.CreateVersion7()));
        Assert.Equal("name-too-long", refusal.Code);
    }

    private Task<CouponEvent> OpenAsync(CouponEventDraft draft, Guid id) => new OpenCouponEvent(_store, _time).ExecuteAsync(id, draft, default);
}
