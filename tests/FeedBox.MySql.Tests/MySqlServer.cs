using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MySqlConnector;

namespace FeedBox.MySql.Tests;

/// <summary>A database of its own on a server, and what a process gets from AddFeedBoxMySql for it.</summary>
public sealed class MySqlServer(string server) : IAsyncDisposable
{
    private readonly List<ServiceProvider> _processes = [];

    public string Database { get; } = $"feedbox_test_{Guid.NewGuid():N}"[..30];

    public string ConnectionString => new MySqlConnectionStringBuilder(server) { Database = Database }.ConnectionString;

    /// <summary>The server of <c>ConnectionStrings__mysql</c>; without it the test is skipped.</summary>
    public static MySqlServer Shared()
    {
        var server = Environment.GetEnvironmentVariable("ConnectionStrings__mysql");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "ConnectionStrings__mysql is not set");
        return new(server);
    }

    public Task CreateAsync() => ExecuteAsync($"CREATE DATABASE {Database}", server);

    /// <summary>One more process on the same database; its schema is up to date on return.</summary>
    public Task<ServiceProvider> ProcessAsync() => ProcessAsync([]);

    public async Task<ServiceProvider> ProcessAsync(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("ConnectionStrings:mysql", ConnectionString),
            .. settings.Select(setting => KeyValuePair.Create<string, string?>($"FeedBox:MySql:{setting.Name}", setting.Value)),
        ]).Build();
        var process = new ServiceCollection().AddLogging().AddFeedBoxMySql(configuration).BuildServiceProvider();
        lock (_processes)
            _processes.Add(process);
        foreach (var service in process.GetServices<IHostedService>())
            await service.StartAsync(default);
        return process;
    }

    public Task<object?> ExecuteAsync(string sql, bool allowVariables = false) =>
        ExecuteAsync(sql, new MySqlConnectionStringBuilder(ConnectionString) { AllowUserVariables = allowVariables }.ConnectionString);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        await ExecuteAsync($"DROP DATABASE {Database}", server);
    }

    private static async Task<object?> ExecuteAsync(string sql, string connectionString)
    {
        await using var connection = new MySqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}

/// <summary>One database and one process for all tests of a class.</summary>
public sealed class MySqlDatabaseFixture : IAsyncLifetime
{
    private ServiceProvider? _services;

    public MySqlServer? Server { get; private set; }

    public IServiceProvider Services
    {
        get
        {
            Assert.SkipWhen(_services is null, "ConnectionStrings__mysql is not set");
            return _services;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("ConnectionStrings__mysql")))
            return;
        Server = MySqlServer.Shared();
        await Server.CreateAsync();
        _services = await Server.ProcessAsync();
    }

    public ValueTask DisposeAsync() => Server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
