using System.Collections.Concurrent;
using FeedBox.Core.Search;
using FeedBox.Elasticsearch.Search;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch.Tests;

/// <summary>Indices of a class of tests on the server of <c>ConnectionStrings__elasticsearch</c>, an alias for each test, removed together.</summary>
public sealed class TestIndices : IAsyncLifetime
{
    private readonly string? _address = Environment.GetEnvironmentVariable("ConnectionStrings__elasticsearch");
    private readonly ConcurrentBag<(string Alias, ServiceProvider Services)> _processes = [];

    /// <summary>Without the server the test is skipped.</summary>
    public string NewAlias()
    {
        Assert.SkipWhen(string.IsNullOrEmpty(_address), "ConnectionStrings__elasticsearch is not set");
        return $"feedbox-test-{Guid.NewGuid():N}";
    }

    /// <summary>A process that uses the alias, which is ready on return.</summary>
    public async Task<ServiceProvider> ProcessAsync(string alias, SearchIndexDefinition? definition = null)
    {
        var process = Compose(alias, definition);
        await process.GetRequiredService<SearchIndexSetup>().StartAsync(default);
        return process;
    }

    /// <summary>The same on another server; the caller disposes of it.</summary>
    public static async Task<ServiceProvider> ProcessAsync(string address, string alias)
    {
        var process = Compose(address, alias, SearchIndexDefinition.Current);
        await process.GetRequiredService<SearchIndexSetup>().StartAsync(default);
        return process;
    }

    public ServiceProvider Compose(string alias, SearchIndexDefinition? definition = null, string? address = null)
    {
        var process = Compose(address ?? _address!, alias, definition ?? SearchIndexDefinition.Current);
        _processes.Add((alias, process));
        return process;
    }

    private static ServiceProvider Compose(string address, string alias, SearchIndexDefinition definition)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("ConnectionStrings:elasticsearch", address), new("FeedBox:Elasticsearch:Index", alias), new("FeedBox:Elasticsearch:AccessLogIndex", $"{alias}-access-log")]).Build();
        return new ServiceCollection().AddLogging().AddSingleton(definition).AddFeedBoxElasticsearch(configuration).BuildServiceProvider();
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        var indices = _processes.Select(process => process.Alias).Distinct().SelectMany(alias => new[] { $"{alias}-v1", $"{alias}-v2" }).ToList();
        if (indices.Count > 0)
            await Compose(NewAlias()).Server().SendAsync(HttpMethod.DELETE, $"/{string.Join(',', indices)}?ignore_unavailable=true", default);
        foreach (var (_, services) in _processes)
            await services.DisposeAsync();
    }
}

internal static class ProcessExtensions
{
    public static ISearchIndex Index(this IServiceProvider process) => process.GetRequiredService<ISearchIndex>();

    public static ElasticsearchServer Server(this IServiceProvider process) => process.GetRequiredService<ElasticsearchServer>();

    public static Task RefreshAsync(this IServiceProvider process, string alias) =>
        process.Server().SendAsync(HttpMethod.POST, $"/{alias}/_refresh", default);
}
