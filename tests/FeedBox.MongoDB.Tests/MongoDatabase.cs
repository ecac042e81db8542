using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MongoDB.Driver;

namespace FeedBox.MongoDB.Tests;

/// <summary>A database of its own on the server of <c>ConnectionStrings__mongo</c>, and a process that uses it.</summary>
public sealed class MongoDatabase : IAsyncLifetime
{
    private readonly string? _address = Environment.GetEnvironmentVariable("ConnectionStrings__mongo");
    private readonly string _database = $"feedbox_test_{Guid.NewGuid():N}"[..30];
    private ServiceProvider? _services;

    /// <summary>Without the server the test is skipped.</summary>
    public T Service<T>() where T : notnull
    {
        Assert.SkipWhen(_services is null, "ConnectionStrings__mongo is not set");
        return _services.GetRequiredService<T>();
    }

    /// <summary>A process whose indexes are made on return.</summary>
    public static async Task<ServiceProvider> ProcessAsync(string address, string database)
    {
        var process = Compose(address, database);
        foreach (var service in process.GetServices<IHostedService>())
            await service.StartAsync(default);
        return process;
    }

    public static ServiceProvider Compose(string address, string database)
    {
        var url = new MongoUrlBuilder(address) { DatabaseName = database };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:mongo", url.ToString())]).Build();
        return new ServiceCollection().AddLogging().AddFeedBoxMongoDB(configuration).BuildServiceProvider();
    }

    public async ValueTask InitializeAsync()
    {
        if (!string.IsNullOrEmpty(_address))
            _services = await ProcessAsync(_address, _database);
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is null)
            return;
        await _services.GetRequiredService<IMongoClient>().DropDatabaseAsync(_database);
        await _services.DisposeAsync();
    }
}
