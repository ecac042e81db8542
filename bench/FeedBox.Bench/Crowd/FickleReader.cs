namespace FeedBox.Bench.Crowd;

/// <summary>Follows one author after another, and leaves them again.</summary>
public sealed class FickleReader(long id, IReadOnlyList<long> authors, Server server, Journal journal, int seed)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<long, Change> _changes = [];

    /// <param name="Follow">What was asked last.</param>
    /// <param name="SettledAt">When it was answered; null when it was not.</param>
    public sealed record Change(bool Follow, DateTimeOffset? SettledAt);

    public long Id => id;

    public IReadOnlyDictionary<long, Change> Changes => _changes;

    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var author = authors[_random.Next(authors.Count)];
            var follow = _random.Next(2) == 0;
            // Asking for what is so already must not make its time later.
            var settled = _changes.GetValueOrDefault(author) is { SettledAt: { } at } before && before.Follow == follow ? at : (DateTimeOffset?)null;
            _changes[author] = new(follow, settled);
            var answer = journal.Wrote("follow changes", await server.SendAsync(
                follow ? HttpMethod.Put : HttpMethod.Delete, $"/followings/{author}", id, cancellationToken: cancellationToken));
            if (answer is { Status: 204 })
                _changes[author] = new(follow, settled ?? DateTimeOffset.UtcNow);
            else if (answer is not null)
                journal.Wrong($"following {author} answered {answer.Status} {answer.Code}");
            await Task.Delay(_random.Next(200, 800), cancellationToken);
        }
    }
}
