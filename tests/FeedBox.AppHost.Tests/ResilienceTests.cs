using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using FeedBox.ServiceDefaults;

namespace FeedBox.AppHost.Tests;

/// <summary>What AddServiceDefaults does to the HTTP clients of a process.</summary>
public sealed class ResilienceTests
{
    [Fact, Trait("Weakness", "H126")]
    public async Task H126_a_write_is_sent_once()
    {
        var (client, calls) = Client("other");

        using var answer = await client.PostAsync("http://partner.example/posts", null);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(1, calls.Count);
    }

    [Fact]
    public async Task A_read_is_tried_again()
    {
        var (client, calls) = Client("other", failures: 1);

        using var answer = await client.GetAsync("http://partner.example/posts");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(2, calls.Count);
    }

    [Theory, Trait("Weakness", "H127")]
    [InlineData("user-team")]
    [InlineData("user-team-keys")]
    [InlineData("openai")]
    public async Task H127_a_client_with_a_pipeline_of_its_own_gets_no_second_one(string name)
    {
        var (client, calls) = Client(name);

        using var answer = await client.GetAsync("http://partner.example/users/1");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(1, calls.Count);
    }

    private static (HttpClient Client, Partner Calls) Client(string name, int failures = int.MaxValue)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.AddServiceDefaults();
        var partner = new Partner(failures);
        builder.Services.AddHttpClient(name).ConfigurePrimaryHttpMessageHandler(() => partner);
        return (builder.Build().Services.GetRequiredService<IHttpClientFactory>().CreateClient(name), partner);
    }

    private sealed class Partner(int failures) : HttpMessageHandler
    {
        public int Count { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(++Count <= failures ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK));
    }
}
