using FeedBox.Core.Inbox;

namespace FeedBox.Testing;

/// <summary><see cref="IInboxStore"/> in memory.</summary>
public sealed class MemoryInboxStore : IInboxStore
{
    private sealed record FanOut(int Version, FanOutProgress Progress);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Dictionary<Guid, InboxEntry>> _inboxes = [];
    private readonly Dictionary<Guid, FanOut> _fanOuts = [];
    private readonly Dictionary<long, HashSet<long>> _followings = [];

    public Task<FanOutProgress> GetFanOutAsync(Guid postId, int version, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(!_fanOuts.TryGetValue(postId, out var seen) || seen.Version < version
                ? new FanOutProgress(Finished: false, Cursor: null)
                : seen.Version > version ? new(Finished: true, Cursor: null) : seen.Progress);
    }

    public Task AddAsync(
        Guid postId, int version, long authorId, IReadOnlyList<long> subscribers, string? nextCursor, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_fanOuts.TryGetValue(postId, out var seen) && (seen.Version > version || (seen.Version == version && seen.Progress.Finished)))
                return Task.CompletedTask;
            foreach (var subscriber in subscribers)
                Add(subscriber, postId, authorId, now);
            _fanOuts[postId] = new(version, new(nextCursor is null, nextCursor));
        }
        return Task.CompletedTask;
    }

    public Task WithdrawAsync(Guid postId, int version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_fanOuts.TryGetValue(postId, out var seen) && seen.Version > version)
                return Task.CompletedTask;
            foreach (var inbox in _inboxes.Values)
                inbox.Remove(postId);
            _fanOuts[postId] = new(version, new(Finished: true, Cursor: null));
        }
        return Task.CompletedTask;
    }

    public Task BackfillAsync(long subscriber, IReadOnlyList<(Guid PostId, long AuthorId)> posts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_gate)
            foreach (var (postId, authorId) in posts)
                Add(subscriber, postId, authorId, now);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<InboxEntry>> ListAsync(long subscriber, Guid? before, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<InboxEntry>>([.. MemoryPostStore.NewestFirst(Of(subscriber).Values, entry => entry.PostId, before, limit)]);
    }

    public Task<bool> MarkReadAsync(long subscriber, Guid postId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!Of(subscriber).TryGetValue(postId, out var entry))
                return Task.FromResult(false);
            Of(subscriber)[postId] = entry with { ReadAt = entry.ReadAt ?? now };
            return Task.FromResult(true);
        }
    }

    public Task<int> CountUnreadAsync(long subscriber, int atMost, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(Math.Min(atMost, Of(subscriber).Values.Count(entry => entry.ReadAt is null)));
    }

    public Task<IReadOnlySet<long>> GetFollowingsAsync(long subscriber, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlySet<long>>(new HashSet<long>(_followings.GetValueOrDefault(subscriber) ?? []));
    }

    public Task SetFollowingsAsync(long subscriber, IReadOnlyCollection<long> authors, CancellationToken cancellationToken)
    {
        lock (_gate)
            _followings[subscriber] = [.. authors];
        return Task.CompletedTask;
    }

    private void Add(long subscriber, Guid postId, long authorId, DateTimeOffset now) =>
        Of(subscriber).TryAdd(postId, new(postId, authorId, now, ReadAt: null));

    private Dictionary<Guid, InboxEntry> Of(long subscriber) =>
        _inboxes.TryGetValue(subscriber, out var inbox) ? inbox : _inboxes[subscriber] = [];
}
