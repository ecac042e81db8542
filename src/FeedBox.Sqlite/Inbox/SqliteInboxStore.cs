using FeedBox.Core.Inbox;

namespace FeedBox.Sqlite.Inbox;

public sealed class SqliteInboxStore(SqliteDatabase database) : IInboxStore
{
    /// <summary>Rows per write, so that a celebrity's post does not hold the writer.</summary>
    private const int Chunk = 1_000;

    /// <summary>Below this a chunk shares its commit with those of other posts, which go to the same inboxes' pages; a larger one has enough of its own.</summary>
    private const int Few = 100;

    private enum State { Running, Finished, Withdrawn }

    private readonly record struct FanOut(int Version, State State, string? Cursor)
    {
        /// <summary>Nothing of this version may be added any more.</summary>
        public bool IsClosedTo(int version) => Version > version || (Version == version && State != State.Running);
    }

    public Task<FanOutProgress> GetFanOutAsync(Guid postId, int version, CancellationToken cancellationToken) =>
        database.ReadAsync(reader => Find(reader, postId) switch
        {
            { } seen when seen.IsClosedTo(version) => new FanOutProgress(Finished: true, Cursor: null),
            { } seen when seen.Version == version => new(Finished: false, seen.Cursor),
            _ => new(Finished: false, Cursor: null),
        }, cancellationToken);

    public async Task AddAsync(
        Guid postId, int version, long authorId, IReadOnlyList<long> subscribers, string? nextCursor, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        // Neighbours in the table are written together: in order, a chunk touches far fewer pages.
        long[] sorted = [.. subscribers];
        Array.Sort(sorted);
        for (var start = 0; start == 0 || start < sorted.Length; start += Chunk)
        {
            var chunk = sorted.AsMemory(start, Math.Min(Chunk, sorted.Length - start));
            var isLast = start + Chunk >= sorted.Length;
            await (chunk.Length < Few
                ? database.WriteTogetherAsync(writer => Write(writer, chunk.Span, isLast), cancellationToken)
                : database.WriteAsync(writer => Write(writer, chunk.Span, isLast), cancellationToken));
        }

        void Write(SqliteWriter writer, ReadOnlySpan<long> chunk, bool isLast)
        {
            if (Find(writer, postId) is { } seen && seen.IsClosedTo(version))
                return;
            foreach (var subscriber in chunk)
                Add(writer, subscriber, postId, authorId, now);
            if (isLast)
                Store(writer, postId, new(version, nextCursor is null ? State.Finished : State.Running, nextCursor));
        }
    }

    public async Task WithdrawAsync(Guid postId, int version, CancellationToken cancellationToken)
    {
        // The mark comes first: from then on nothing is added, so the removal comes to an end, now or when it is repeated.
        var marked = await database.WriteAsync(writer =>
        {
            if (Find(writer, postId) is { } seen && seen.Version > version)
                return false;
            Store(writer, postId, new(version, State.Withdrawn, null));
            return true;
        }, cancellationToken);
        if (marked)
            await database.DeleteAsync((writer, atMost) => Remove(writer, postId, version, atMost), cancellationToken);
    }

    public Task BackfillAsync(long subscriber, IReadOnlyList<(Guid PostId, long AuthorId)> posts, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            foreach (var (postId, authorId) in posts)
                if (Find(writer, postId) is not { State: State.Withdrawn })
                    Add(writer, subscriber, postId, authorId, now);
        }, cancellationToken);

    public Task<IReadOnlyList<InboxEntry>> ListAsync(long subscriber, Guid? before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<InboxEntry>>(reader =>
        {
            var row = reader.Prepare("""
                SELECT post_id, author_id, added_at, read_at FROM inbox WHERE subscriber_id = ? AND post_id < ? ORDER BY post_id DESC LIMIT ?
                """)
                .Bind(subscriber).Bind(before ?? Guid.AllBitsSet).Bind(limit);
            var entries = new List<InboxEntry>();
            while (row.Step())
                entries.Add(new(row.GetGuid(0), row.GetInt64(1), row.GetTime(2), row.GetNullableTime(3)));
            return entries;
        }, cancellationToken);

    public Task<bool> MarkReadAsync(long subscriber, Guid postId, DateTimeOffset now, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
            MarkRead(writer, subscriber, postId, now)
            || writer.Prepare("SELECT 1 FROM inbox WHERE subscriber_id = ? AND post_id = ?").Bind(subscriber).Bind(postId).Scalar() is not null,
            cancellationToken);

    public Task<int> CountUnreadAsync(long subscriber, int atMost, CancellationToken cancellationToken) =>
        database.ReadAsync(reader => (int)Math.Min(atMost,
            reader.Prepare("SELECT unread FROM inbox_unread_counts WHERE subscriber_id = ?").Bind(subscriber).Scalar() ?? 0), cancellationToken);

    public Task<IReadOnlySet<long>> GetFollowingsAsync(long subscriber, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlySet<long>>(reader =>
        {
            var row = reader.Prepare("SELECT author_id FROM inbox_followings WHERE subscriber_id = ?").Bind(subscriber);
            var authors = new HashSet<long>();
            while (row.Step())
                authors.Add(row.GetInt64(0));
            return authors;
        }, cancellationToken);

    public Task SetFollowingsAsync(long subscriber, IReadOnlyCollection<long> authors, CancellationToken cancellationToken) =>
        database.WriteAsync(writer =>
        {
            writer.Prepare("DELETE FROM inbox_followings WHERE subscriber_id = ?").Bind(subscriber).Execute();
            var insert = writer.Prepare("INSERT OR IGNORE INTO inbox_followings (subscriber_id, author_id) VALUES (?, ?)");
            foreach (var author in authors)
                insert.Bind(subscriber).Bind(author).Execute();
        }, cancellationToken);

    private static FanOut? Find(SqliteSession session, Guid postId)
    {
        var row = session.Prepare("SELECT version, state, cursor FROM inbox_fan_outs WHERE post_id = ?").Bind(postId);
        FanOut? found = row.Step() ? new(row.GetInt32(0), (State)row.GetInt32(1), row.GetNullableString(2)) : null;
        row.Reset();
        return found;
    }

    private static void Store(SqliteWriter writer, Guid postId, FanOut fanOut) =>
        writer.Prepare("INSERT OR REPLACE INTO inbox_fan_outs (post_id, version, state, cursor) VALUES (?, ?, ?, ?)")
            .Bind(postId).Bind(fanOut.Version).Bind((long)fanOut.State).Bind(fanOut.Cursor).Execute();

    private static void Add(SqliteWriter writer, long subscriber, Guid postId, long authorId, DateTimeOffset now)
    {
        var added = writer.Prepare("INSERT OR IGNORE INTO inbox (subscriber_id, post_id, author_id, added_at) VALUES (?, ?, ?, ?)")
            .Bind(subscriber).Bind(postId).Bind(authorId).Bind(now).Execute();
        if (added > 0)
            CountUnread(writer, subscriber, +1);
    }

    private static bool MarkRead(SqliteWriter writer, long subscriber, Guid postId, DateTimeOffset now)
    {
        var marked = writer.Prepare("UPDATE inbox SET read_at = ? WHERE subscriber_id = ? AND post_id = ? AND read_at IS NULL")
            .Bind(now).Bind(subscriber).Bind(postId).Execute() > 0;
        if (marked)
            CountUnread(writer, subscriber, -1);
        return marked;
    }

    private static int Remove(SqliteWriter writer, Guid postId, int version, int atMost)
    {
        if (Find(writer, postId) is { } seen && seen.Version > version)
            return 0;
        var removed = writer.Prepare("""
            DELETE FROM inbox WHERE post_id = ?1 AND subscriber_id IN (SELECT subscriber_id FROM inbox WHERE post_id = ?1 ORDER BY subscriber_id LIMIT ?2)
            RETURNING subscriber_id, read_at
            """).Bind(postId).Bind(atMost);
        var count = 0;
        for (; removed.Step(); count++)
            if (removed.IsNull(1))
                CountUnread(writer, removed.GetInt64(0), -1);
        return count;
    }

    private static void CountUnread(SqliteWriter writer, long subscriber, int change) =>
        writer.Prepare("""
            INSERT INTO inbox_unread_counts (subscriber_id, unread) VALUES (?1, ?2) ON CONFLICT (subscriber_id) DO UPDATE SET unread = unread + ?2
            """).Bind(subscriber).Bind(change).Execute();
}
