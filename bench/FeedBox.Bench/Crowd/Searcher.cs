namespace FeedBox.Bench.Crowd;

/// <summary>Searches, without looking closely: what must be found is looked for at the end.</summary>
public sealed class Searcher(long id, Server server, int seed)
{
    private static readonly string[] Queries = [.. new[] { "서버 기록", "배포 코드", "로그를 남기다", "고치다" }.Select(Uri.EscapeDataString)];
    private readonly Random _random = new(seed);

    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await server.SendAsync(HttpMethod.Get, $"/search?q={Queries[_random.Next(Queries.Length)]}", id, cancellationToken: cancellationToken);
            await Task.Delay(_random.Next(100, 400), cancellationToken);
        }
    }
}
