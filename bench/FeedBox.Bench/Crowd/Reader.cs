namespace FeedBox.Bench.Crowd;

/// <summary>Follows the same authors all the time, looks into the inbox and marks posts as read.</summary>
public sealed class Reader(long id, IReadOnlyList<long> following, Server server, Journal journal, int seed)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<Guid, bool> _marks = [];

    public long Id => id;

    public IReadOnlyList<long> Following => following;

    /// <summary>Posts that were asked to be marked as read; true when that was answered.</summary>
    public IReadOnlyDictionary<Guid, bool> Marks => _marks;

    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await server.SendAsync(HttpMethod.Get, "/inbox?limit=30", id, cancellationToken: cancellationToken) is { Status: 200 } inbox)
            {
                var posts = inbox.Body!["items"]!.AsArray().Select(item => item!["post"]!["id"]!.GetValue<Guid>()).ToList();
                if (posts.Distinct().Count() != posts.Count)
                    journal.Duplicated($"a post in the inbox of {id}");
                if (posts.Count > 0)
                    await MarkAsync(posts[_random.Next(posts.Count)], cancellationToken);
            }
            await Task.Delay(_random.Next(50, 200), cancellationToken);
        }
    }

    private async Task MarkAsync(Guid post, CancellationToken cancellationToken)
    {
        _marks.TryAdd(post, false);
        var answer = journal.Wrote("read marks", await server.SendAsync(HttpMethod.Put, $"/inbox/{post}/read", id, cancellationToken: cancellationToken));
        if (answer is { Status: 204 })
            _marks[post] = true;
        else if (answer is not null and not { Code: "inbox-entry-not-found" }) // withdrawn a moment ago; the end tells whether rightly
            journal.Wrong($"PUT /inbox/{post}/read answered {answer.Status} {answer.Code}");
    }
}
