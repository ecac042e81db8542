using System.Collections.Concurrent;
using System.Text.Json;
using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Operations;
using FeedBox.Core.Posts;
using FeedBox.Core.Resilience;
using FeedBox.Core.UserTeam;
using FeedBox.Sqlite;
using FeedBox.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Pipeline.Tests.DeadLetters;

/// <summary>Poison event → retries → dead-letter topic → filed → fixed → replayed → handled, over the real log and stores in a SQLite file.</summary>
public sealed class DeadLetterFlowTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("feedbox-dead-").FullName;
    private readonly Consumer _weak = new("weak");
    private readonly Consumer _strong = new("strong");
    private readonly Gate _gate = new();
    private IHost _host = null!;

    public async ValueTask InitializeAsync() => await (_host = Build()).StartAsync();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact, Trait("Weakness", "H9")]
    public async Task H9_a_poison_event_is_given_up_filed_repaired_and_replayed_to_its_own_group_alone()
    {
        _weak.Poison = "poison";
        await DrainedAsync();
        var sent = Event("poison");
        await Service<IEventLog>().AppendAsync([sent, Event("healthy")], default);

        var status = await DrainedAsync();

        Assert.Equal(1, status.DeadLetters);
        Assert.Equal(["healthy"], _weak.Handled);
        Assert.Equal(["healthy", "poison"], _strong.Handled.Order());
        Assert.Equal(4, _weak.Tries["poison"]);
        Assert.Equal((3, 1), (Group(status, "weak").Retries, Group(status, "weak").DeadLetters));
        var letter = Assert.Single(await ListAsync());
        Assert.Equal(("weak", 4, 0), (letter.Cause.Group, letter.Cause.Attempts, letter.Replays));
        Assert.Equal("poison is poison", letter.Cause.Message);
        Assert.Equal(sent.Value.ToArray(), letter.Message.Value.ToArray());
        Assert.Equal(sent.Headers, letter.Message.Headers);

        // Not repaired yet: it comes back, with its history, and is a letter of its own.
        await Service<ReplayDeadLetters>().ReplayAsync(letter.Id, default);
        await DrainedAsync();
        var again = Assert.Single(await ListAsync());
        Assert.NotEqual(letter.Id, again.Id);
        Assert.Equal(1, again.Replays);

        _weak.Poison = null;
        Assert.Equal(new(1, 0), await Service<ReplayDeadLetters>().ReplayAllAsync(default));
        status = await DrainedAsync();
        Assert.Equal(0, status.DeadLetters);
        Assert.Empty(await ListAsync());
        Assert.Equal(["healthy", "poison"], _weak.Handled.Order());
        Assert.Equal(2, _strong.Handled.Count);
    }

    [Fact]
    public async Task Letters_outlive_a_restart()
    {
        _weak.Poison = "poison";
        await DrainedAsync();
        await Service<IEventLog>().AppendAsync([Event("poison")], default);
        await DrainedAsync();
        var filed = Assert.Single(await ListAsync());
        await StopAsync();

        await (_host = Build()).StartAsync();
        await DrainedAsync();
        Assert.Equal(filed.Id, Assert.Single(await ListAsync()).Id);
    }

    [Fact]
    public async Task The_pipeline_is_not_drained_while_a_message_waits_for_its_retry_and_breakers_are_told()
    {
        _weak.Poison = "poison";
        _weak.Hold = new();
        await DrainedAsync();
        await Service<IEventLog>().AppendAsync([Event("poison")], default);
        await Eventually.TrueAsync(() => _weak.Tries.ContainsKey("poison"), "tried");

        var status = await Service<IPipelineStatus>().ReadAsync(default);
        Assert.False(status.Drained);
        Assert.Equal((1, 1), (Group(status, "weak").Lag, Group(status, "weak").InFlight));
        Assert.Equal(["poison-topic"], Group(status, "weak").Topics);
        Assert.Equal([new("user-team/followers", "open")], status.Breakers);
        Assert.Contains(status.Groups, group => group.Group == ConsumerGroups.DeadLetters && group.Topics.Contains("poison-topic.dlt"));

        _weak.Hold.SetResult();
        await DrainedAsync();
    }

    [Fact]
    public async Task The_pipeline_is_not_drained_while_a_coupon_place_is_reserved_and_unconfirmed_or_the_gate_does_not_answer()
    {
        await DrainedAsync();
        var (couponEvent, later) = (Guid.CreateVersion7(), DateTimeOffset.UtcNow.AddHours(1)); // nobody comes to finish it
        await _gate.BeginLoadAsync(couponEvent, 1, default);
        await _gate.LoadAsync(couponEvent, 1, 100, [], default);
        await _gate.ReserveAsync(couponEvent, 7, later, default);

        var status = await Service<IPipelineStatus>().ReadAsync(default);
        Assert.Equal((1, false), (status.UnconfirmedCoupons, status.Drained));

        await _gate.ConfirmAsync(couponEvent, 7, 1, default);
        Assert.Equal(0, (await DrainedAsync()).UnconfirmedCoupons);

        _gate.IsDown = true;
        status = await Service<IPipelineStatus>().ReadAsync(default);
        Assert.Equal((null, false), (status.UnconfirmedCoupons, status.Drained));
        Assert.NotEmpty(status.Groups);
    }

    private async Task<PipelineStatus> DrainedAsync()
    {
        PipelineStatus status = null!;
        await Eventually.TrueAsync(() => (status = Service<IPipelineStatus>().ReadAsync(default).Result).Drained, "drained");
        return status;
    }

    private async Task<IReadOnlyList<DeadLetter>> ListAsync() => await Service<IDeadLetterStore>().ListAsync(null, 100, default);

    private static GroupStatus Group(PipelineStatus status, string group) => status.Groups.Single(candidate => candidate.Group == group);

    private static LogMessage Event(string text)
    {
        var now = DateTimeOffset.UtcNow;
        return EventCodec.Encode(new("poison-topic", new(Guid.CreateVersion7(now), "test", 1, text, now, JsonSerializer.SerializeToUtf8Bytes(text), null)));
    }

    private T Service<T>() where T : notnull => _host.Services.GetRequiredService<T>();

    private async Task StopAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
        [
            new("FeedBox:Sqlite:Path", Path.Combine(_folder, "feedbox.db")),
            new("FeedBox:Consumers:Retries", "3"),
            new("FeedBox:Consumers:RetryDelay", "00:00:00.020"),
        ]);
        var userTeam = new MemoryUserTeam();
        builder.Services
            .AddFeedBoxSqlite(builder.Configuration)
            .AddFeedBoxPipeline(builder.Configuration)
            .AddSingleton<IEventHandler>(_weak)
            .AddSingleton<IEventHandler>(_strong)
            .AddSingleton<ReplayDeadLetters>()
            .AddSingleton(new DeadLetterOptions())
            .AddSingleton<IBreakerStates, OpenBreaker>()
            .AddSingleton<IPostCache>(new MemoryPostCache())
            .AddSingleton<ICouponGate>(_gate)
            .AddSingleton<IUserTeam>(userTeam)
            .AddSingleton<INameDirectory>(userTeam)
            .AddSingleton<IPostInspector, OfflineInspector>();
        return builder.Build();
    }

    private sealed class Consumer(string group) : IEventHandler
    {
        public string? Poison { get; set; }
        public TaskCompletionSource? Hold { get; set; }
        public ConcurrentBag<string> Handled { get; } = [];
        public ConcurrentDictionary<string, int> Tries { get; } = new();
        public string Group => group;
        public IReadOnlyList<string> Topics => ["poison-topic"];

        public async Task HandleAsync(FeedEvent e, CancellationToken cancellationToken)
        {
            var text = JsonSerializer.Deserialize<string>(e.Data.Span)!;
            Tries.AddOrUpdate(text, 1, (_, tries) => tries + 1);
            if (Hold is { } hold)
                await hold.Task;
            if (text == Poison)
                throw new IOException($"{text} is poison");
            Handled.Add(text);
        }
    }

    private sealed class Gate : ICouponGate
    {
        private readonly MemoryCouponGate _gate = new();

        public bool IsDown { get; set; }

        public ValueTask<GateDecision> ReserveAsync(Guid eventId, long userId, DateTimeOffset now, CancellationToken cancellationToken) =>
            _gate.ReserveAsync(eventId, userId, now, cancellationToken);

        public ValueTask<GateConfirmation> ConfirmAsync(Guid eventId, long userId, int generation, CancellationToken cancellationToken) =>
            _gate.ConfirmAsync(eventId, userId, generation, cancellationToken);

        public ValueTask<bool> BeginLoadAsync(Guid eventId, int generation, CancellationToken cancellationToken) =>
            _gate.BeginLoadAsync(eventId, generation, cancellationToken);

        public ValueTask LoadAsync(
            Guid eventId, int generation, int limit, IReadOnlyCollection<CouponHolder> holders, CancellationToken cancellationToken) =>
            _gate.LoadAsync(eventId, generation, limit, holders, cancellationToken);

        public ValueTask<int?> CountAsync(Guid eventId, CancellationToken cancellationToken) => _gate.CountAsync(eventId, cancellationToken);

        public ValueTask<IReadOnlyList<UnconfirmedPlace>> ListUnconfirmedAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
            IsDown ? throw new DependencyUnavailableException("gate", TimeSpan.FromSeconds(1)) : _gate.ListUnconfirmedAsync(before, limit, cancellationToken);
    }

    private sealed class OpenBreaker : IBreakerStates
    {
        public IReadOnlyList<BreakerState> Read() => [new("user-team", "followers", "open")];
    }
}
