using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FeedBox.Redis.Tests;

/// <summary>A key space of its own on the server of <c>ConnectionStrings__redis</c>, and what a process gets from AddFeedBoxRedis for it.</summary>
public sealed class RedisServer : IDisposable
{
    private readonly ServiceProvider? _services;

    static RedisServer() => ThreadPool.SetMinThreads(32, 32); // many tests begin at once, and each blocks a thread until it is connected

    public RedisServer()
    {
        if (Environment.GetEnvironmentVariable("ConnectionStrings__redis") is { Length: > 0 } address)
            _services = Process(address, Prefix);
    }

    public string Prefix { get; } = $"feedbox-test-{Guid.NewGuid():N}:";

    public IDatabase Database => Service<IConnectionMultiplexer>().GetDatabase();

    /// <summary>Without the server the test is skipped.</summary>
    public T Service<T>() where T : notnull
    {
        Assert.SkipWhen(_services is null, "ConnectionStrings__redis is not set");
        return _services.GetRequiredService<T>();
    }

    public static ServiceProvider Process(string address, string prefix)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new("ConnectionStrings:redis", address), new("FeedBox:Redis:KeyPrefix", prefix)]).Build();
        return new ServiceCollection().AddLogging().AddFeedBoxRedis(configuration).BuildServiceProvider();
    }

    /// <summary>What FLUSHALL does, to the keys of this test alone.</summary>
    public void Flush() => Database.ScriptEvaluate("for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end", [], [$"{Prefix}*"]);

    public void Dispose()
    {
        if (_services is null)
            return;
        Flush();
        _services.Dispose();
    }
}
