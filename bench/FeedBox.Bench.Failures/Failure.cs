using FeedBox.Bench.Crowd;

namespace FeedBox.Bench.Failures;

/// <param name="Outage">How long something is away.</param>
internal sealed record Scene(House House, Cast Cast, TimeSpan Outage, Random Random);

/// <summary>Something that happens to the full edition while it is in use.</summary>
/// <param name="Strike">From the beginning of the failure until its cause is gone.</param>
/// <param name="Pace">Of those who write; 12 is half as much as 6.</param>
internal sealed record Failure(string Name, Func<Scene, Task> Strike, int Pace = 6)
{
    public static readonly IReadOnlyList<Failure> All =
    [
        Killed("kafka"),
        new("worker-killed", KillWorkersAsync),
        new("redis-flushed", FlushAsync),
        Killed("redis"),
        Killed("mysql"),
        new("relay-frozen", FreezeAsync),
        new("user-team-down", UserTeamDownAsync),
        Down("elasticsearch"),
        Down("mongo"),
    ];

    /// <summary>Kills processes of our own at random moments, each started again on the spot.</summary>
    public static Failure Crashes(int kills) => new("crashes", async scene =>
    {
        for (var kill = 1; kill <= kills; kill++)
        {
            var name = FullEdition.Names[scene.Random.Next(FullEdition.Names.Count)];
            await Task.Delay(scene.Random.Next(3_000));
            await scene.House.FeedBox.KillAsync(name);
            await scene.House.FeedBox.StartAsync(name);
            if (kill % 10 == 0)
                Console.WriteLine($"{kill} kills");
        }
    }, Pace: 12); // it lasts

    private static Failure Killed(string server) => new($"{server}-killed", scene => DownAsync(scene, server, scene.Outage / 4));

    private static Failure Down(string server) => new($"{server}-down", scene => DownAsync(scene, server, scene.Outage));

    private static async Task DownAsync(Scene scene, string server, TimeSpan time)
    {
        await scene.House.Servers.KillAsync(server);
        await Task.Delay(time);
        await scene.House.Servers.StartAsync(server);
    }

    /// <summary>Work is always under way, so any moment is in the middle of a batch.</summary>
    private static async Task KillWorkersAsync(Scene scene)
    {
        for (var kill = 0; kill < 4; kill++)
        {
            await scene.House.FeedBox.KillAsync("workers-1");
            await Task.Delay(scene.Outage / 8);
            await scene.House.FeedBox.StartAsync("workers-1");
            await Task.Delay(scene.Random.Next(2_000, 4_000));
        }
    }

    private static async Task FlushAsync(Scene scene)
    {
        for (var flush = 0; flush < 6; flush++)
        {
            await scene.Cast.Coupons.MiddleOfEventAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await scene.House.Servers.FlushRedisAsync();
            await Task.Delay(scene.Outage / 8);
        }
    }

    /// <summary>Longer than the 9 s after which a silent relay's shards go to others; it wakes up in the middle of its batch.</summary>
    private static async Task FreezeAsync(Scene scene)
    {
        for (var freeze = 0; freeze < 2; freeze++)
        {
            scene.House.FeedBox.Freeze("workers-1");
            await Task.Delay(scene.Outage);
            scene.House.FeedBox.Thaw("workers-1");
            await Task.Delay(TimeSpan.FromSeconds(5));
        }
    }

    private static async Task UserTeamDownAsync(Scene scene)
    {
        await scene.House.FeedBox.SetUserTeamAsync(down: true);
        await Task.Delay(scene.Outage);
        await scene.House.FeedBox.SetUserTeamAsync(down: false);
    }
}
