namespace FeedBox.Core.Inbox;

public sealed record InboxEntry(Guid PostId, long AuthorId, DateTimeOffset AddedAt, DateTimeOffset? ReadAt);

/// <summary>Where a fan-out stands. <paramref name="Cursor"/> is the follower cursor to go on from, null at the beginning.</summary>
public sealed record FanOutProgress(bool Finished, string? Cursor);

/// <summary>
/// Who got which post: at most one entry per subscriber and post, whatever is delivered twice.
/// Progress is kept per post and version, so a crash resumes and an older version never undoes a newer one.
/// </summary>
public interface IInboxStore
{
    /// <summary>Finished when this version, or a newer one, was fanned out or withdrawn already.</summary>
    Task<FanOutProgress> GetFanOutAsync(Guid postId, int version, CancellationToken cancellationToken);

    /// <summary>
    /// Adds the entries that are absent (an existing entry keeps its read mark) and then stores the progress, both durable on return.
    /// Ignored when a newer version was seen. A null <paramref name="nextCursor"/> finishes the fan-out.
    /// </summary>
    Task AddAsync(
        Guid postId, int version, long authorId, IReadOnlyList<long> subscribers, string? nextCursor, DateTimeOffset now,
        CancellationToken cancellationToken);

    /// <summary>Removes the post from every inbox, in chunks, and lets no fan-out of this version or an older one happen afterwards.</summary>
    Task WithdrawAsync(Guid postId, int version, CancellationToken cancellationToken);

    /// <summary>Adds posts to one inbox, those that are absent: what a new follower gets to begin with.</summary>
    Task BackfillAsync(long subscriber, IReadOnlyList<(Guid PostId, long AuthorId)> posts, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Entries of a subscriber, newest post first, those before the given post.</summary>
    Task<IReadOnlyList<InboxEntry>> ListAsync(long subscriber, Guid? before, int limit, CancellationToken cancellationToken);

    /// <summary>False when there is no such entry. The first read time stays.</summary>
    Task<bool> MarkReadAsync(long subscriber, Guid postId, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Unread entries, counted up to <paramref name="atMost"/>.</summary>
    Task<int> CountUnreadAsync(long subscriber, int atMost, CancellationToken cancellationToken);

    /// <summary>The authors the subscriber followed when their followings were last looked at.</summary>
    Task<IReadOnlySet<long>> GetFollowingsAsync(long subscriber, CancellationToken cancellationToken);

    Task SetFollowingsAsync(long subscriber, IReadOnlyCollection<long> authors, CancellationToken cancellationToken);
}
