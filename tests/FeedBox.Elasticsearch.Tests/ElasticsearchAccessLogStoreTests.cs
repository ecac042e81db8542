using FeedBox.Core.AccessLog;
using FeedBox.PortContracts.AccessLog;
using Microsoft.Extensions.DependencyInjection;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch.Tests;

public sealed class ElasticsearchAccessLogStoreTests(TestIndices indices) : AccessLogStoreContract, IClassFixture<TestIndices>, IAsyncDisposable
{
    private readonly string _alias = indices.NewAlias();
    private IServiceProvider? _process;

    protected override IAccessLogStore Store => (_process ??= indices.Compose(_alias)).GetRequiredService<IAccessLogStore>();

    [Fact, Trait("Capability", "F37")]
    public async Task F37_each_day_has_its_index_behind_the_alias()
    {
        var days = new[] { new DateTimeOffset(2026, 3, 1, 23, 59, 59, TimeSpan.Zero), new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero) };
        foreach (var at in days)
            await Store.AddAsync(new(Guid.CreateVersion7(at), at, "api", null, "GET", "/", 200, 0, 1, null, null, null), default);

        var found = await _process!.Server().SendAsync(HttpMethod.GET, $"/_alias/{_alias}-access-log", default);
        Assert.Equal([$"{_alias}-access-log-2026-03-01", $"{_alias}-access-log-2026-03-02"], found.EnumerateObject().Select(index => index.Name).Order());
    }

    public async ValueTask DisposeAsync()
    {
        var server = indices.Compose(indices.NewAlias()).Server();
        var made = (await server.SendAsync(HttpMethod.GET, $"/{_alias}-access-log-*/_alias", default)).EnumerateObject().Select(index => index.Name).ToList();
        if (made.Count == 0)
            return;
        await server.SendAsync(HttpMethod.DELETE, $"/{string.Join(',', made)}", default);
        await server.SendAsync(HttpMethod.DELETE, $"/_index_template/{_alias}-access-log", default);
    }
}
