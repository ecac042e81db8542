using FeedBox.Core.DeadLetters;
using FeedBox.Core.Events;
using FeedBox.Core.Idempotency;
using FeedBox.Core.Inbox;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Sqlite.Tests;

public sealed class SqliteServicesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("feedbox-");
    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_host_opens_the_file_serves_every_port_and_closes_it()
    {
        var path = Path.Combine(_folder.FullName, "new", "feedbox.db");
        for (var run = 0; run < 2; run++)
        {
            using var host = await StartAsync(path);
            Assert.True(File.Exists(path));
            foreach (var port in new[] { typeof(IPostStore), typeof(IOutbox), typeof(IEventLog), typeof(IInboxStore), typeof(IIdempotencyStore), typeof(INameStore), typeof(IDeadLetterStore) })
                Assert.NotNull(host.Services.GetRequiredService(port));
            var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
            Assert.Equal(HealthStatus.Healthy, health.Entries["sqlite"].Status);
            await host.StopAsync();
        }
    }

    [Fact]
    public async Task A_damaged_file_stops_the_start_with_a_clear_message()
    {
        var path = Path.Combine(_folder.FullName, "feedbox.db");
        File.WriteAllText(path, new string('x', 5_000));

        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => StartAsync(path));

        Assert.Contains(path, failure.Message);
    }

    [Fact]
    public async Task What_is_old_is_trimmed_while_the_host_runs()
    {
        using var host = await StartAsync(Path.Combine(_folder.FullName, "feedbox.db"));
        var database = host.Services.GetRequiredService<SqliteDatabase>();
        var log = host.Services.GetRequiredService<IEventLog>();
        await log.EnsureTopicsAsync(["t"], default);
        await log.AppendAsync([new("t", "k", new byte[1], [])], default);
        await host.Services.GetRequiredService<IIdempotencyStore>().ClaimAsync(1, "key", "print", _time.GetUtcNow(), default);
        await host.Services.GetRequiredService<INameStore>().PutAsync(
            new Dictionary<NameKey, StoredName> { [new("user", 1)] = new("name", _time.GetUtcNow()) }, default);

        _time.Advance(TimeSpan.FromDays(8));

        foreach (var table in new[] { "log_records", "idempotency", "names" })
            await Eventually.TrueAsync(() => database.Read(reader => reader.Prepare($"SELECT count(*) FROM {table}").Scalar()) == 0, $"{table} is empty");
        await host.StopAsync();
    }

    private async Task<IHost> StartAsync(string path)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new($"{SqliteOptions.Section}:Path", path)]);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddFeedBoxSqlite(builder.Configuration);
        var host = builder.Build();
        try
        {
            await host.StartAsync();
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }
}
