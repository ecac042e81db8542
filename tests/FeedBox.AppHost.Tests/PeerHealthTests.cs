using System.Net;
using FeedBox.Core.Resilience;
using FeedBox.ServiceDefaults;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FeedBox.AppHost.Tests;

public sealed class PeerHealthTests
{
    private readonly ManualTime _time = new();
    private readonly Peer _peer = new();

    [Fact]
    public async Task D21_a_peer_is_asked_every_five_seconds_and_what_it_does_is_told()
    {
        using var host = Build();
        await host.StartAsync();
        await PassAsync(probes: 1);
        Assert.Equal("closed", State(host));

        _peer.IsDown = true;
        await PassAsync(probes: 4);
        await Eventually.TrueAsync(() => State(host) == "open", _time, TimeSpan.FromMilliseconds(10), "it is known to be down");

        _peer.IsDown = false;
        await Eventually.TrueAsync(() => State(host) == "closed", _time, TimeSpan.FromSeconds(1), "it is known to be back");
        await host.StopAsync();
    }

    [Theory]
    [InlineData("FeedBox:PeerHealth:Enabled", "false")]
    [InlineData("FeedBox:PeerHealth:StartAfter", "01:00:00")]
    public async Task D21_it_can_be_turned_off_or_begin_later(string key, string value)
    {
        using var host = Build(new() { [key] = value });
        await host.StartAsync();
        for (var second = 0; second < 60; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(2);
        }
        Assert.Equal(0, _peer.Probes);
        await host.StopAsync();
    }

    private Task PassAsync(int probes)
    {
        var wanted = _peer.Probes + probes;
        return Eventually.TrueAsync(() => _peer.Probes >= wanted, _time, TimeSpan.FromSeconds(1), $"{probes} probes more");
    }

    private static string State(IHost host) =>
        Assert.Single(host.Services.GetServices<IBreakerStates>().SelectMany(states => states.Read()), peer => peer.Endpoint == "Partner").State;

    private IHost Build(Dictionary<string, string?>? configuration = null)
    {
        var builder = Host.CreateApplicationBuilder();
        foreach (var (key, value) in configuration ?? [])
            builder.Configuration[key] = value;
        builder.Configuration["FeedBox:PeerHealth:Peers:Partner"] = "http://partner.example/alive";
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.AddServiceDefaults();
        builder.Services.AddHttpClient(PeerHealth.ClientName).ConfigurePrimaryHttpMessageHandler(() => _peer);
        return builder.Build();
    }

    private sealed class Peer : HttpMessageHandler
    {
        private int _probes;

        public int Probes => Volatile.Read(ref _probes);
        public volatile bool IsDown;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _probes);
            return IsDown ? throw new HttpRequestException("refused") : Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
        }
    }
}
