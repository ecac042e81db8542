namespace FeedBox.Bench.Crowd;

/// <summary>Who takes part. Authors are chosen so that nobody follows them but those whom we tell to.</summary>
/// <param name="pace">Times the pauses of those who write: 1 is as much as one machine takes.</param>
public sealed class Cast(Journal journal, Server server, UserTeamTruth userTeam, int seed, int pace = 1, int crowd = 160)
{
    private static readonly long[] AuthorIds = [101, 102, 103, 104, 105, 106];

    public IReadOnlyList<Author> Authors { get; } = [.. AuthorIds.Select((id, i) => new Author(id, server, journal, seed * 100 + i, pace))];

    public IReadOnlyList<Reader> Readers { get; } =
        [.. Enumerable.Range(0, 8).Select(i => new Reader(201 + i, [AuthorIds[i % 6], AuthorIds[(i + 1) % 6], AuthorIds[(i + 3) % 6]], server, journal, seed * 100 + 20 + i))];

    public IReadOnlyList<FickleReader> FickleReaders { get; } =
        [.. Enumerable.Range(0, 3).Select(i => new FickleReader(301 + i, AuthorIds, server, journal, seed * 100 + 40 + i))];

    public IReadOnlyList<Searcher> Searchers { get; } = [.. Enumerable.Range(0, 2).Select(i => new Searcher(401 + i, server, seed * 100 + 50 + i))];

    public CouponCrowd Coupons { get; } = new(server, journal, seed * 100 + 60, crowd, pace);

    /// <summary>Readers follow exactly their authors before the first post is written.</summary>
    public async Task PrepareAsync()
    {
        foreach (var reader in Readers)
        {
            foreach (var author in await userTeam.GetFollowingsAsync(reader.Id))
                await userTeam.UnfollowAsync(reader.Id, author);
            foreach (var author in reader.Following)
                await userTeam.FollowAsync(reader.Id, author);
        }
    }

    public IReadOnlyList<Task> Play(CancellationToken load) =>
    [
        .. Authors.Select(author => Until(author.PlayAsync(load))),
        .. Readers.Select(reader => Until(reader.PlayAsync(load))),
        .. FickleReaders.Select(reader => Until(reader.PlayAsync(load))),
        .. Searchers.Select(searcher => Until(searcher.PlayAsync(load))),
        .. Coupons.Play(load).Select(Until),
    ];

    public Task SettleAsync() => Task.WhenAll([.. Authors.Select(author => author.SettleAsync()), Coupons.SettleAsync()]);

    private static async Task Until(Task play)
    {
        try
        {
            await play;
        }
        catch (OperationCanceledException)
        {
            // the load is over
        }
    }
}
