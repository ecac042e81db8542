using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.UserTeam;
using Microsoft.Extensions.Logging;

namespace FeedBox.UserTeam;

/// <summary>
/// Names in memory, over the durable store, over the user team. A reader never waits for a name that is known, however old, and at most
/// the read budget for one that is not; loading goes on behind. A key has one load at a time, and the loads of a moment share one call.
/// </summary>
public sealed partial class NameDirectory(
    IUserTeam userTeam, INameStore store, UserTeamOptions options, TimeProvider time, ILogger<NameDirectory> logger, IFollowingsNews? news = null)
    : INameDirectory
{
    private const string UserKind = "user";
    private const string CategoryKind = "category";
    private static readonly TimeSpan StoreBudget = TimeSpan.FromSeconds(1);

    private readonly NameDirectoryOptions _options = options.Names;
    private readonly FollowingsCache _followings = new(userTeam, options.Names, time, news);
    private readonly BoundedMap<NameKey, CachedName> _names = new(options.Names.NameCapacity);

    /// <summary>Keys being loaded. The task has the first word on the key, which may be a stale one from the store.</summary>
    private readonly ConcurrentDictionary<NameKey, TaskCompletionSource<CachedName>> _loading = new();

    private readonly Lock _batchGate = new();
    private List<NameKey>? _batch;

    /// <param name="Name">Null when there is none.</param>
    /// <param name="IsKnown">False when nobody could say; remembered for a moment, so that an outage does not cost every reader his budget.</param>
    private sealed record CachedName(string? Name, bool IsKnown, DateTimeOffset FetchedAt, DateTimeOffset RefreshAt);

    public ValueTask<IReadOnlySet<long>?> GetFollowingsAsync(long followerId, CancellationToken cancellationToken) =>
        _followings.GetAsync(followerId, cancellationToken);

    public void ForgetFollowings(long followerId)
    {
        _followings.Forget(followerId);
        news?.Tell(followerId);
    }

    public ValueTask<Names> GetNamesAsync(
        IReadOnlyCollection<long> userIds, IReadOnlyCollection<long> categoryIds, CancellationToken cancellationToken)
    {
        List<Task>? unknown = null;
        List<NameKey>? claimed = null;
        var users = new Dictionary<long, string>(userIds.Count);
        var categories = new Dictionary<long, string>(categoryIds.Count);
        var partial = Take(UserKind, userIds, users, ref unknown, ref claimed) | Take(CategoryKind, categoryIds, categories, ref unknown, ref claimed);
        Enqueue(claimed);
        return unknown is null ? new(new Names(users, categories, partial)) : WaitAsync(unknown);

        async ValueTask<Names> WaitAsync(List<Task> loads)
        {
            await Task.WhenAll(loads).WaitAsync(_options.ReadBudget, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            var stillPartial = TakeLoaded(UserKind, userIds, users) | TakeLoaded(CategoryKind, categoryIds, categories);
            return new(users, categories, stillPartial);
        }
    }

    public async ValueTask<Category?> RequireCategoryAsync(long id, CancellationToken cancellationToken)
    {
        var key = new NameKey(CategoryKind, id);
        var now = time.GetUtcNow();
        var cached = Find(key, now);
        if (cached is null || !cached.IsKnown || (cached.Name is null && now >= cached.RefreshAt))
            cached = await LoadAsync(key).WaitAsync(cancellationToken);
        else if (now >= cached.RefreshAt)
            _ = LoadAsync(key);
        return cached.Name is { } name ? new(id, name) : null;
    }

    /// <summary>Takes what is known, starts the loads of what is stale, and adds those of what is unknown. True when a name will be missing.</summary>
    private bool Take(string kind, IReadOnlyCollection<long> ids, Dictionary<long, string> found, ref List<Task>? unknown, ref List<NameKey>? claimed)
    {
        var (now, partial) = (time.GetUtcNow(), false);
        foreach (var id in ids)
        {
            var key = new NameKey(kind, id);
            var cached = Find(key, now);
            if (cached?.Name is { } name)
                found[id] = name;
            if (cached is null)
                (unknown ??= []).Add(LoadAsync(key, ref claimed));
            else if (now >= cached.RefreshAt)
                _ = LoadAsync(key, ref claimed);
            partial |= cached is { IsKnown: false };
        }
        return partial;
    }

    private bool TakeLoaded(string kind, IReadOnlyCollection<long> ids, Dictionary<long, string> found)
    {
        var (now, partial) = (time.GetUtcNow(), false);
        foreach (var id in ids)
        {
            if (found.ContainsKey(id))
                continue;
            var cached = Find(new(kind, id), now);
            if (cached?.Name is { } name)
                found[id] = name;
            partial |= cached is not { IsKnown: true };
        }
        return partial;
    }

    private CachedName? Find(NameKey key, DateTimeOffset now) =>
        _names.Find(key) is { } cached && (cached.IsKnown ? now < cached.FetchedAt + _options.NamesKept : now < cached.RefreshAt) ? cached : null;

    private Task<CachedName> LoadAsync(NameKey key)
    {
        List<NameKey>? claimed = null;
        var load = LoadAsync(key, ref claimed);
        Enqueue(claimed);
        return load;
    }

    /// <summary>The load of the key that is under way, or a new one: then the key is claimed, and the caller enqueues what he claimed at once.</summary>
    private Task<CachedName> LoadAsync(NameKey key, ref List<NameKey>? claimed)
    {
        var mine = new TaskCompletionSource<CachedName>(TaskCreationOptions.RunContinuationsAsynchronously);
        var load = _loading.GetOrAdd(key, mine);
        if (load == mine)
            (claimed ??= []).Add(key);
        return load.Task;
    }

    private void Enqueue(List<NameKey>? claimed)
    {
        if (claimed is null)
            return;
        lock (_batchGate)
        {
            if (_batch is not null)
            {
                _batch.AddRange(claimed);
                return;
            }
            _batch = claimed;
        }
        _ = Task.Run(LoadBatchAsync);
    }

    private async Task LoadBatchAsync()
    {
        await Task.Delay(_options.BatchWindow, time);
        List<NameKey> keys;
        lock (_batchGate)
        {
            keys = _batch!;
            _batch = null;
        }

        // A reader may have missed just before an earlier load of the key ended.
        var now = time.GetUtcNow();
        keys.RemoveAll(key => Find(key, now) is { IsKnown: true } fresh && now < fresh.RefreshAt && Finish(key, fresh));
        if (keys.Count > 0)
            await TakeFromStoreAsync(keys);
        if (keys.Count == 0)
            return;

        var users = keys.Where(key => key.Kind == UserKind).ToList();
        var categories = keys.Where(key => key.Kind == CategoryKind).ToList();
        var fetched = await Task.WhenAll(
            FetchAsync(users, async ids => (await userTeam.GetUsersAsync(ids, CancellationToken.None)).Select(user => (user.Id, user.Name))),
            FetchAsync(categories, async _ => (await userTeam.GetCategoriesAsync(CancellationToken.None)).Select(category => (category.Id, category.Name))));
        await KeepAsync(fetched.SelectMany(names => names).ToDictionary());
    }

    /// <summary>Removes the keys for which the store has a fresh name; a stale one is shown until the user team has answered.</summary>
    private async Task TakeFromStoreAsync(List<NameKey> keys)
    {
        try
        {
            var stored = await store.GetAsync(keys, CancellationToken.None).WaitAsync(StoreBudget, time);
            var now = time.GetUtcNow();
            foreach (var (key, (name, fetchedAt)) in stored)
            {
                var cached = new CachedName(name, IsKnown: true, fetchedAt, fetchedAt + _options.NamesFresh);
                if (now >= fetchedAt + _options.NamesKept || Find(key, now) is { IsKnown: true } present && present.FetchedAt >= fetchedAt)
                    continue;
                _names.Set(key, cached);
                if (now < cached.RefreshAt)
                    keys.RemoveAll(taken => taken == key && Finish(key, cached));
                else if (_loading.TryGetValue(key, out var load))
                    load.TrySetResult(cached);
            }
        }
        catch (Exception e)
        {
            LogStoreUnreadable(logger, e);
        }
    }

    private async Task<Dictionary<NameKey, StoredName>> FetchAsync(
        List<NameKey> keys, Func<IReadOnlyCollection<long>, Task<IEnumerable<(long Id, string Name)>>> fetch)
    {
        var fetched = new Dictionary<NameKey, StoredName>(keys.Count);
        if (keys.Count == 0)
            return fetched;
        try
        {
            var names = (await fetch([.. keys.Select(key => key.Id)])).ToLookup(name => name.Id, name => name.Name);
            var now = time.GetUtcNow();
            foreach (var key in keys)
            {
                var name = names[key.Id].FirstOrDefault();
                var cached = new CachedName(name, IsKnown: true, now, now + (name is null ? _options.AbsentFresh : _options.NamesFresh));
                _names.Set(key, cached);
                Finish(key, cached);
                if (name is not null)
                    fetched.Add(key, new(name, now));
            }
        }
        catch (Exception e)
        {
            LogUnanswered(logger, keys.Count, e.Message);
            var now = time.GetUtcNow();
            foreach (var key in keys)
            {
                var cached = Find(key, now) ?? new CachedName(null, IsKnown: false, now, now);
                _names.Set(key, cached with { RefreshAt = now + _options.RetryPause });
                Finish(key, cached, cached.IsKnown ? null : e);
            }
        }
        return fetched;
    }

    /// <summary>The cache is set before, so whoever starts the next load finds it. Always true.</summary>
    private bool Finish(NameKey key, CachedName cached, Exception? failure = null)
    {
        if (!_loading.TryRemove(key, out var load))
            return true;
        if (failure is null)
            load.TrySetResult(cached);
        else if (load.TrySetException(failure))
            _ = load.Task.Exception;
        return true;
    }

    private async Task KeepAsync(Dictionary<NameKey, StoredName> fetched)
    {
        if (fetched.Count == 0)
            return;
        try
        {
            await store.PutAsync(fetched, CancellationToken.None);
        }
        catch (Exception e)
        {
            LogStoreUnwritable(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Count} names could not be asked for: {Reason}")]
    private static partial void LogUnanswered(ILogger logger, int count, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The name store cannot be read; the user team is asked instead")]
    private static partial void LogStoreUnreadable(ILogger logger, Exception e);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Names could not be kept for the next start")]
    private static partial void LogStoreUnwritable(ILogger logger, Exception e);
}
