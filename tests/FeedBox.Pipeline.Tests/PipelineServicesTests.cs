using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;
using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.Core.Inspection;
using FeedBox.Core.Operations;
using FeedBox.Core.Posts;
using FeedBox.Core.Search;
using FeedBox.Core.UserTeam;
using FeedBox.Pipeline.Consuming;
using FeedBox.Pipeline.Inbox;
using FeedBox.Pipeline.Relaying;
using FeedBox.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Tests;

public sealed class PipelineServicesTests
{
    private readonly MemoryEventLog _log = new();
    private readonly ManualTime _time = new();
    private readonly MemoryOutbox _outbox = new();
    private readonly MemoryAccessLogStore _accessLog = new();

    [Fact]
    public async Task Every_consumer_runs_once_the_topics_can_be_created()
    {
        _log.IsDown = true;
        using var host = Build([]);
        await host.StartAsync();
        await Eventually.TrueAsync(() => _time.PendingTimers > 0, "waits to try again");
        Assert.Equal(0, _log.Polls);

        _log.IsDown = false;
        await Eventually.TrueAsync(() => _log.Polls > 0, _time, TimeSpan.FromMilliseconds(100), "consuming");
        Assert.Equal(
            [
                ConsumerGroups.PostCaching, ConsumerGroups.PostInspect, ConsumerGroups.PostSubscribing, ConsumerGroups.PostIndexing, ConsumerGroups.CouponIssue,
                ConsumerGroups.DeadLetters,
            ],
            host.Services.GetRequiredService<Consumers>().Statuses.Select(status => status.Group));
        Assert.Equal(Topics.Partitions, (await _log.LagAsync("any", [Topics.DeadLetter(Topics.PostInspected)], default)).Count);
        await host.StopAsync();
    }

    [Fact, Trait("Capability", "F38")]
    public async Task F38_a_process_may_work_for_some_groups_only_and_still_sees_all()
    {
        using var host = Build(new()
        {
            ["FeedBox:Consumers:Groups:0"] = ConsumerGroups.PostIndexing,
            ["FeedBox:Consumers:Groups:1"] = ConsumerGroups.CouponIssue,
            ["FeedBox:Relay:Enabled"] = "false",
        });
        var polled = new ConcurrentDictionary<string, bool>();
        _log.OnPoll = group => polled[group] = true;
        _outbox.Add(new LogMessage(Topics.PostOriginal, "key", "{}"u8.ToArray(), []));
        await host.StartAsync();
        await Eventually.TrueAsync(() => polled.Count == 2, "both consume");
        await _log.AppendAsync([new(Topics.PostOriginal, "key", "{}"u8.ToArray(), [])], default);

        await Eventually.TrueAsync(() => _log.Polls > 50, _time, TimeSpan.FromSeconds(1), "nobody else comes");
        Assert.Equal([ConsumerGroups.CouponIssue, ConsumerGroups.PostIndexing], polled.Keys.Order());
        var status = await host.Services.GetRequiredService<IPipelineStatus>().ReadAsync(default);
        Assert.Equal((1, 1, false), (status.OutboxDepth, status.Groups.Single(group => group.Group == ConsumerGroups.PostInspect).Lag, status.Drained));
        await host.StopAsync();
    }

    [Fact, Trait("Capability", "F37")]
    public async Task F37_answered_requests_become_searchable_and_old_ones_are_forgotten_while_the_pipeline_counts_as_drained()
    {
        using var host = Build(new() { ["FeedBox:AccessLog:Enabled"] = "true", ["FeedBox:AccessLog:Retention"] = "1.00:00:00" });
        await host.StartAsync();
        await AppendAsync(_time.GetUtcNow());
        await Eventually.TrueAsync(() => _accessLog.All.Count == 1, "it is there");

        _accessLog.IsDown = true;
        await AppendAsync(_time.GetUtcNow());
        var pipeline = host.Services.GetRequiredService<IPipelineStatus>();
        await Eventually.TrueAsync(
            () => pipeline.ReadAsync(default).Result is { Drained: true } status && status.Groups.Any(group => group is { Group: ConsumerGroups.AccessLog, Lag: 1 }),
            _time, TimeSpan.FromMilliseconds(100), "drained but for the entry");
        _accessLog.IsDown = false;
        await Eventually.TrueAsync(() => _accessLog.All.Count == 2, _time, TimeSpan.FromSeconds(1), "it comes later");

        await AppendAsync(_time.GetUtcNow() + TimeSpan.FromDays(1));
        await Eventually.TrueAsync(() => _accessLog.All.Count == 3, "the last is there");
        await Eventually.TrueAsync(() => _accessLog.All.Count == 1, _time, TimeSpan.FromHours(6), "those of the day before yesterday are gone");
        await host.StopAsync();

        Task AppendAsync(DateTimeOffset at)
        {
            var entry = new AccessLogEntry(Guid.CreateVersion7(at), at, "api", null, "GET", "/", 200, 0, 1, null, null, null);
            return _log.AppendAsync([EventCodec.Encode(new(Topics.AccessLog,
                EventCodec.Create(EventTypes.RequestAnswered, entry.Id.ToString(), entry, EventJson.Default.AccessLogEntry, at)))], default);
        }
    }

    [Fact]
    public async Task An_operator_is_told_that_the_state_is_unknown_when_the_log_does_not_answer()
    {
        using var host = Build([]);
        await host.StartAsync();
        _log.IsSilent = true;
        var asking = host.Services.GetRequiredService<IPipelineStatus>().ReadAsync(default);

        await Eventually.TrueAsync(() => asking.IsCompleted, _time, TimeSpan.FromSeconds(1), "an answer");

        await Assert.ThrowsAsync<DependencyUnavailableException>(() => asking);
        _log.IsSilent = false;
        await host.StopAsync();
    }

    [Fact]
    public void Options_have_the_numbers_of_the_design_and_follow_the_configuration()
    {
        using var host = Build([]);
        var consumers = Options<ConsumerOptions>(host);
        Assert.Equal((256, 5, TimeSpan.FromSeconds(2), 10_000), (consumers.MaxConcurrency, consumers.Retries, consumers.RetryDelay, consumers.Window));
        Assert.Equal((500, TimeSpan.FromSeconds(10)), (Options<RelayOptions>(host).BatchSize, Options<RelayOptions>(host).PollInterval));
        Assert.Equal(1_000, Options<FanOutOptions>(host).ChunkSize);

        using var configured = Build(new()
        {
            ["FeedBox:Consumers:MaxConcurrency"] = "7",
            ["FeedBox:Consumers:RetryDelay"] = "00:00:01",
            ["FeedBox:Relay:BatchSize"] = "9",
            ["FeedBox:FanOut:ChunkSize"] = "11",
        });
        Assert.Equal((7, TimeSpan.FromSeconds(1)), (Options<ConsumerOptions>(configured).MaxConcurrency, Options<ConsumerOptions>(configured).RetryDelay));
        Assert.Equal((9, 11), (Options<RelayOptions>(configured).BatchSize, Options<FanOutOptions>(configured).ChunkSize));
    }

    [Theory]
    [InlineData("FeedBox:Consumers:Window", "0")]
    [InlineData("FeedBox:Relay:BatchSize", "-1")]
    [InlineData("FeedBox:FanOut:ChunkSize", "0")]
    [InlineData("FeedBox:Coupons:MaxBatch", "0")]
    [InlineData("FeedBox:Consumers:Groups:0", "feedbox-post-index")]
    public async Task Impossible_options_stop_the_start(string key, string value)
    {
        using var host = Build(new() { [key] = value });
        await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
    }

    [Fact, Trait("Weakness", "K24"), Trait("Weakness", "K26")]
    public async Task K24_K26_what_the_log_did_not_take_is_restored_every_minute_for_as_long_as_it_needs()
    {
        var kept = new MemoryFailedPublications();
        await kept.KeepAsync(new(Guid.CreateVersion7(), new("topic", "key", new byte[] { 1 }, [])), default);
        using var host = Build([], kept);
        await host.StartAsync();
        await Eventually.TrueAsync(() => host.Services.GetRequiredService<IPipelineStatus>().ReadAsync(default).Result.FailedPublications == 1, "it waits");
        var tries = 0;
        _log.OnAppend = (_, _) => Interlocked.Increment(ref tries) < 3 ? throw new DependencyUnavailableException("log", TimeSpan.FromSeconds(1)) : Task.CompletedTask;

        await Eventually.TrueAsync(() => Volatile.Read(ref tries) == 1, _time, TimeSpan.FromSeconds(1), "it is tried");
        foreach (var minute in new[] { 2, 3 })
        {
            _time.Advance(TimeSpan.FromSeconds(20));
            Assert.Equal(minute - 1, Volatile.Read(ref tries));
            _time.Advance(TimeSpan.FromSeconds(40));
            await Eventually.TrueAsync(() => Volatile.Read(ref tries) == minute, "it is tried again");
        }

        await Eventually.TrueAsync(() => kept.All.Count == 0, "it is restored");
        Assert.Single(_log.Records("topic"));
        await host.StopAsync();
    }

    private static T Options<T>(IHost host) where T : class => host.Services.GetRequiredService<IOptions<T>>().Value;

    private IHost Build(Dictionary<string, string?> configuration, IFailedPublications? publications = null)
    {
        var userTeam = new MemoryUserTeam();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(configuration);
        builder.Services
            .AddSingleton<TimeProvider>(_time)
            .AddFeedBoxPipeline(builder.Configuration)
            .AddSingleton<IEventLog>(_log)
            .AddSingleton<IOutbox>(_outbox)
            .AddSingleton<IAccessLogStore>(_accessLog)
            .AddSingleton<IPostStore>(new MemoryPostStore())
            .AddSingleton<IPostCache>(new MemoryPostCache())
            .AddSingleton<IInboxStore>(new MemoryInboxStore())
            .AddSingleton<IDeadLetterStore>(new MemoryDeadLetterStore())
            .AddSingleton<ICouponStore>(new MemoryCouponStore())
            .AddSingleton<ICouponGate>(new MemoryCouponGate())
            .AddSingleton<ISearchIndex>(new MemorySearchIndex())
            .AddSingleton<IUserTeam>(userTeam)
            .AddSingleton<INameDirectory>(userTeam)
            .AddSingleton<IPostInspector, Nobody>();
        if (publications is not null)
            builder.Services.AddSingleton(publications);
        return builder.Build();
    }

    private sealed class Nobody : IPostInspector
    {
        public string Name => "nobody";

        public Task<InspectionVerdict> InspectAsync(InspectionRequest request, CancellationToken cancellationToken) =>
            throw new DependencyUnavailableException("inspector", TimeSpan.FromSeconds(5));
    }
}
