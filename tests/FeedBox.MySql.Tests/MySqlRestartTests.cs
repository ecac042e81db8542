using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.Posts;
using FeedBox.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.MySql.Tests;

public sealed class MySqlRestartTests
{
    [Fact]
    public async Task A_killed_server_loses_no_answered_write_and_doubles_none()
    {
        Assert.SkipUnless(ServerProcess.Available, $"{ServerProcess.Variable} is not set");
        await using var mysql = await ServerProcess.StartAsync("mysql");
        await using var server = new MySqlServer($"Server=127.0.0.1;Port={mysql.Port};User ID=root;Password=feedbox");
        await server.CreateAsync();
        var posts = (await server.ProcessAsync()).GetRequiredService<IPostStore>();
        var stored = new ConcurrentDictionary<Guid, int>();
        var conflicts = 0;
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var post = MySqlSharedTests.NewPost();
                await PatientlyAsync(() => posts.InsertAsync(post, [PostEvents.Created(post)], default));
                stored[post.Id] = 1;
                var updated = post with { Version = 2, UpdatedAt = post.UpdatedAt.AddSeconds(1) };
                if (await PatientlyAsync(() => posts.ReplaceAsync(post, updated, [PostEvents.Updated(updated)], default)))
                    stored[post.Id] = 2;
                else
                    Interlocked.Increment(ref conflicts);
            }
        })).ToArray();

        await Task.Delay(1_000);
        var before = stored.Count;
        await mysql.KillAsync();
        await Task.Delay(500);
        await mysql.StartAsync();
        await Eventually.TrueAsync(() => stored.Count > before + 20 || writers.Any(writer => writer.IsFaulted), "writing goes on");
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        Assert.Equal(0, conflicts); // nobody else writes these posts
        Assert.Equal((long)stored.Count, await server.ExecuteAsync("SELECT COUNT(*) FROM posts"));
        Assert.Equal((long)stored.Values.Sum(), await server.ExecuteAsync("SELECT CAST(SUM(version) AS SIGNED) FROM posts"));
        Assert.Equal((long)stored.Values.Sum(), await server.ExecuteAsync("SELECT COUNT(*) FROM outbox"));
    }

    /// <summary>As a caller does who was told to try again.</summary>
    private static async Task<T> PatientlyAsync<T>(Func<Task<T>> write)
    {
        while (true)
        {
            try
            {
                return await write();
            }
            catch (DependencyUnavailableException e)
            {
                await Task.Delay(e.RetryAfter);
            }
        }
    }
}
