using System.Collections.Concurrent;
using System.Net.Http.Json;
using FeedBox.Core.Resilience;
using FeedBox.Core.UserTeam;
using FeedBox.UserTeamMock;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.UserTeam.Tests;

/// <summary>The mock on a port of its own, and FeedBox's side as a process would compose it.</summary>
public sealed class UserTeamWorld : IAsyncDisposable
{
    private readonly WebApplication _mock;
    private readonly ServiceProvider _services;

    private UserTeamWorld(WebApplication mock, ServiceProvider services)
    {
        (_mock, _services) = (mock, services);
        Direct = new() { BaseAddress = new(mock.Urls.Single()) };
    }

    /// <summary>Past every resilience, as the user team's own people would call it.</summary>
    public HttpClient Direct { get; }

    public UserTeamClient Client => _services.GetRequiredService<UserTeamClient>();
    public INameDirectory Names => _services.GetRequiredService<INameDirectory>();
    public MemoryNameStore Store => _services.GetRequiredService<MemoryNameStore>();
    public IServiceProvider Services => _services;

    public static async Task<UserTeamWorld> StartAsync(UserTeamMockOptions? mockOptions = null, TimeProvider? time = null)
    {
        var mock = UserTeamMockApp.Create(mockOptions ?? new() { Failures = 0 }, "http://127.0.0.1:0");
        await mock.StartAsync();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("FeedBox:UserTeam:BaseAddress", mock.Urls.Single())])
            .Build();
        var services = new ServiceCollection().AddLogging();
        if (time is not null)
            services.AddSingleton(time);
        services.AddSingleton<MemoryNameStore>().AddSingleton<INameStore>(provider => provider.GetRequiredService<MemoryNameStore>());
        return new(mock, services.AddFeedBoxUserTeam(configuration).BuildServiceProvider());
    }

    public async Task ControlAsync(double? failures = null, double? delay = null, double? latency = null, bool? down = null) =>
        (await Direct.PutAsJsonAsync("control", new ControlRequest(failures, delay, latency, down))).EnsureSuccessStatusCode();

    public async Task<long> CallsAsync(string endpoint) =>
        (await Direct.GetFromJsonAsync<ControlAnswer>("control"))!.Calls.GetValueOrDefault(endpoint);

    public string BreakerOf(string endpoint) =>
        _services.GetRequiredService<IBreakerStates>().Read().Single(breaker => breaker.Endpoint == endpoint).State;

    public async ValueTask DisposeAsync()
    {
        Direct.Dispose();
        await _services.DisposeAsync();
        await _mock.DisposeAsync();
    }
}

/// <summary>A name store that can be slow, broken or preloaded.</summary>
public sealed class MemoryNameStore : INameStore
{
    public ConcurrentDictionary<NameKey, StoredName> Rows { get; } = new();
    public Func<Task> BeforeRead { get; set; } = () => Task.CompletedTask;
    public Func<Task> BeforeWrite { get; set; } = () => Task.CompletedTask;

    public async Task<IReadOnlyDictionary<NameKey, StoredName>> GetAsync(IReadOnlyCollection<NameKey> keys, CancellationToken cancellationToken)
    {
        await BeforeRead();
        return keys.Where(Rows.ContainsKey).ToDictionary(key => key, key => Rows[key]);
    }

    public async Task PutAsync(IReadOnlyDictionary<NameKey, StoredName> names, CancellationToken cancellationToken)
    {
        await BeforeWrite();
        foreach (var (key, name) in names)
            Rows.AddOrUpdate(key, name, (_, present) => present.FetchedAt > name.FetchedAt ? present : name);
    }
}
