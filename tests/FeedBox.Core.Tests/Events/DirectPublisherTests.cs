using FeedBox.Core.Events;
using FeedBox.Testing;

namespace FeedBox.Core.Tests.Events;

public sealed class DirectPublisherTests
{
    private const string Topic = "topic";
    private readonly ManualTime _time = new();
    private readonly MemoryEventLog _log = new();
    private readonly MemoryFailedPublications _kept = new();
    private int _number;

    private DirectPublisher Publisher => new(_log, _time, new(), _kept);

    [Fact]
    public async Task What_the_log_takes_is_kept_nowhere_else()
    {
        await Publisher.PublishAsync(Event());
        Assert.Single(_log.Records(Topic));
        Assert.Empty(_kept.All);
    }

    [Fact, Trait("Weakness", "K5"), Trait("Weakness", "H53")]
    public async Task K5_H53_an_event_is_kept_within_a_second_when_the_log_hangs()
    {
        _log.OnAppend = (_, _) => Task.Delay(Timeout.Infinite);
        var published = Event();
        var publishing = Publisher.PublishAsync(published);

        _time.Advance(TimeSpan.FromMilliseconds(700));
        Assert.False(publishing.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        await publishing.WaitAsync(Eventually.Patience);

        var kept = Assert.Single(_kept.All);
        Assert.Equal(published.Event.Id, kept.Id);
        Assert.Equal(EventCodec.Encode(published).Value.ToArray(), kept.Message.Value.ToArray());
    }

    [Fact, Trait("Weakness", "K6")]
    public async Task K6_an_event_that_neither_takes_is_refused_and_not_kept()
    {
        (_log.IsDown, _kept.IsDown) = (true, true);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => Publisher.PublishAsync(Event()));
        (_log.IsDown, _kept.IsDown) = (false, false);

        Assert.Equal(default, await Publisher.RestoreAsync(default));
        Assert.Empty(_log.Records(Topic));
    }

    [Fact, Trait("Weakness", "K24"), Trait("Weakness", "H76")]
    public async Task K24_H76_all_of_a_long_outage_is_restored_oldest_first_and_once()
    {
        _log.IsDown = true;
        var published = Enumerable.Range(0, 1_200).Select(_ => Event()).ToList();
        foreach (var outbound in published)
            await Publisher.PublishAsync(outbound);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => Publisher.RestoreAsync(default));
        Assert.Equal(1_200, _kept.All.Count);

        _log.IsDown = false;
        Assert.Equal(new(1_200, 0), await Publisher.RestoreAsync(default));
        Assert.Equal(default, await Publisher.RestoreAsync(default));

        Assert.Empty(_kept.All);
        Assert.Equal(published.Select(outbound => outbound.Event.Id), _log.Records(Topic).Select(record => EventCodec.Decode(record).Id));
    }

    [Fact, Trait("Weakness", "K26"), Trait("Weakness", "H75")]
    public async Task K26_H75_one_the_log_refuses_is_tried_a_bounded_number_of_times_keeps_nothing_anew_and_holds_up_nobody()
    {
        _log.IsDown = true;
        var poison = Event();
        await Publisher.PublishAsync(poison);
        await Publisher.PublishAsync(Event());
        _log.IsDown = false;
        var tries = 0;
        _log.OnAppend = (messages, _) =>
        {
            if (!messages.Any(message => message.Headers.Contains(new("id", poison.Event.Id.ToString()))))
                return Task.CompletedTask;
            tries++;
            throw new PermanentFailureException("too large");
        };

        Assert.Equal(new(1, 1), await Publisher.RestoreAsync(default));
        Assert.Single(_log.Records(Topic));
        for (var minute = 0; minute < 30; minute++)
            await Publisher.RestoreAsync(default);

        Assert.Equal(11, tries); // once more in the company of the other
        Assert.Equal((poison.Event.Id, 10), (Assert.Single(_kept.All).Id, _kept.All[0].Refusals));
    }

    [Fact, Trait("Weakness", "K26")]
    public async Task K26_a_crash_between_the_log_and_the_removal_only_restores_twice()
    {
        _log.IsDown = true;
        await Publisher.PublishAsync(Event());
        _log.IsDown = false;
        _log.OnAppended = _ => _kept.IsDown = true;
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => Publisher.RestoreAsync(default));
        _kept.IsDown = false;
        _log.OnAppended = null;

        await Publisher.RestoreAsync(default);

        Assert.Empty(_kept.All);
        Assert.Single(_log.Records(Topic).Select(record => EventCodec.Decode(record).Id).Distinct());
    }

    /// <summary>Of one key, a millisecond after the one before.</summary>
    private OutboundEvent Event()
    {
        var now = _time.GetUtcNow().AddMilliseconds(_number++);
        return new(Topic, new(Guid.CreateVersion7(now), "test", 1, "key", now, "1"u8.ToArray(), null));
    }
}
