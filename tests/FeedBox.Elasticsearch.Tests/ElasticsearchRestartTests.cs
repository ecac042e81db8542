using FeedBox.Core;
using FeedBox.Testing;

namespace FeedBox.Elasticsearch.Tests;

/// <summary>On a server of its own, which is killed.</summary>
public sealed class ElasticsearchRestartTests
{
    [Fact]
    public async Task What_was_answered_is_there_after_a_kill_and_clients_find_the_server_again()
    {
        Assert.SkipUnless(ServerProcess.Available, $"{ServerProcess.Variable} is not set");
        await using var server = await ServerProcess.StartAsync("elasticsearch");
        var address = $"http://127.0.0.1:{server.Port}";
        await using var process = await TestIndices.ProcessAsync(address, "posts");
        var answered = new List<Guid>();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var post = Guid.CreateVersion7();
                try
                {
                    await process.Index().PutAsync(new(post, 1, 7, 1, "이름", "커피", "본문", [], DateTimeOffset.UtcNow), default);
                    answered.Add(post);
                }
                catch (DependencyUnavailableException)
                {
                    await Task.Delay(100);
                }
            }
        });

        await Eventually.TrueAsync(() => answered.Count > 50, "posts are written");
        await server.KillAsync();
        await server.StartAsync();
        var before = answered.Count;
        await Eventually.TrueAsync(() => answered.Count > before + 20, "posts are written again");
        await stop.CancelAsync();
        await writing;

        await process.RefreshAsync("posts");
        var there = new HashSet<Guid>();
        for (string? cursor = null; ;)
        {
            var page = await process.Index().SearchAsync(new("커피", null, null, cursor, 100), default);
            there.UnionWith(page.Items.Select(hit => hit.PostId));
            if ((cursor = page.Next) is null)
                break;
        }
        Assert.Subset(there, answered.ToHashSet());
    }
}
