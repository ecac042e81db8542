using FeedBox.Core;
using FeedBox.Core.UserTeam;

namespace FeedBox.UserTeam;

/// <summary>Whom users follow: fresh or a little stale at once, else within the read budget, else the last that was known.</summary>
internal sealed class FollowingsCache
{
    private readonly IUserTeam _userTeam;
    private readonly NameDirectoryOptions _options;
    private readonly TimeProvider _time;
    private readonly BoundedMap<long, CachedFollowings> _known;
    private readonly Lock _gate = new();
    private readonly Dictionary<long, TaskCompletionSource<IReadOnlySet<long>?>> _loading = [];
    private volatile object _era = new();

    /// <param name="Ids">Null when nobody could say.</param>
    /// <param name="Era">What was known in an earlier one may be old.</param>
    private sealed record CachedFollowings(IReadOnlySet<long>? Ids, DateTimeOffset RefreshAt, DateTimeOffset ServeUntil, object Era);

    /// <param name="news">Of changes made through other processes; null where there are none.</param>
    public FollowingsCache(IUserTeam userTeam, NameDirectoryOptions options, TimeProvider time, IFollowingsNews? news)
    {
        (_userTeam, _options, _time, _known) = (userTeam, options, time, new(options.FollowingsCapacity));
        news?.Listen(Forget, ForgetAll);
    }

    public ValueTask<IReadOnlySet<long>?> GetAsync(long followerId, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var cached = Find(followerId);
        if (cached is not null && now < cached.RefreshAt)
            return new(cached.Ids);
        var load = Load(followerId);
        return cached?.Ids is not null && now < cached.ServeUntil ? new(cached.Ids) : WaitAsync();

        async ValueTask<IReadOnlySet<long>?> WaitAsync()
        {
            await ((Task)load).WaitAsync(_options.ReadBudget, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            return load.IsCompletedSuccessfully ? load.Result : cached?.Ids;
        }
    }

    public void Forget(long followerId)
    {
        lock (_gate)
        {
            _loading.Remove(followerId);
            if (_known.Find(followerId) is { } cached)
                _known.Set(followerId, Old(cached));
        }
    }

    private void ForgetAll()
    {
        lock (_gate)
        {
            _loading.Clear();
            _era = new();
        }
    }

    private CachedFollowings? Find(long followerId) =>
        _known.Find(followerId) is { } cached ? cached.Era == _era ? cached : Old(cached) : null;

    /// <summary>Still better than nothing, when asking again brings nothing.</summary>
    private static CachedFollowings Old(CachedFollowings cached) => cached with { RefreshAt = DateTimeOffset.MinValue, ServeUntil = DateTimeOffset.MinValue };

    private Task<IReadOnlySet<long>?> Load(long followerId)
    {
        lock (_gate)
        {
            if (_loading.TryGetValue(followerId, out var load))
                return load.Task;
            if (Find(followerId) is { } cached && _time.GetUtcNow() < cached.RefreshAt)
                return Task.FromResult(cached.Ids);
            load = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _loading.Add(followerId, load);
            _ = Task.Run(() => FetchAsync(followerId, load));
            return load.Task;
        }
    }

    private async Task FetchAsync(long followerId, TaskCompletionSource<IReadOnlySet<long>?> load)
    {
        CachedFollowings? cached;
        var era = _era;
        try
        {
            var ids = (await _userTeam.GetFollowingsAsync(followerId, CancellationToken.None)).ToHashSet();
            var now = _time.GetUtcNow();
            cached = new(ids, now + _options.FollowingsFresh, now + _options.FollowingsKept, era);
        }
        catch (Exception)
        {
            var last = Find(followerId);
            cached = new(last?.Ids, _time.GetUtcNow() + _options.RetryPause, last?.ServeUntil ?? DateTimeOffset.MinValue, era);
        }
        lock (_gate)
        {
            // A load that Forget has cut off may be older than the change: its readers get it, the cache does not.
            if (_loading.TryGetValue(followerId, out var current) && current == load)
            {
                _loading.Remove(followerId);
                _known.Set(followerId, cached);
            }
        }
        load.SetResult(cached.Ids);
    }
}
