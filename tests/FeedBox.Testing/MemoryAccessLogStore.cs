using System.Collections.Concurrent;
using FeedBox.Core;
using FeedBox.Core.AccessLog;

namespace FeedBox.Testing;

/// <summary>The access log in memory; fails on demand.</summary>
public sealed class MemoryAccessLogStore : IAccessLogStore
{
    private readonly ConcurrentDictionary<Guid, AccessLogEntry> _entries = new();

    public bool IsDown { get; set; }

    public IReadOnlyCollection<AccessLogEntry> All => [.. _entries.Values.OrderBy(entry => entry.Id.ToString(), StringComparer.Ordinal)];

    public Task AddAsync(AccessLogEntry entry, CancellationToken cancellationToken)
    {
        ThrowWhenDown();
        _entries.TryAdd(entry.Id, entry);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<AccessLogEntry>> FindAsync(AccessLogQuery query, CancellationToken cancellationToken)
    {
        ThrowWhenDown();
        return Task.FromResult<IReadOnlyList<AccessLogEntry>>(
        [
            .. All.Reverse()
                .Where(entry => query.Before is not { } before || string.CompareOrdinal(entry.Id.ToString(), before.ToString()) < 0)
                .Where(entry => query.Ip is null || entry.Ip == query.Ip)
                .Where(entry => query.Method is null || entry.Method == query.Method)
                .Where(entry => query.Path is null || entry.Path.StartsWith(query.Path, StringComparison.Ordinal))
                .Where(entry => entry.Status >= (query.MinStatus ?? 0) && entry.Status <= (query.MaxStatus ?? int.MaxValue))
                .Where(entry => entry.At >= (query.From ?? DateTimeOffset.MinValue) && entry.At < (query.To ?? DateTimeOffset.MaxValue))
                .Take(query.Limit),
        ]);
    }

    public Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        ThrowWhenDown();
        foreach (var entry in _entries.Values.Where(entry => entry.At.UtcDateTime.Date < before.UtcDateTime.Date))
            _entries.TryRemove(entry.Id, out _);
        return Task.CompletedTask;
    }

    private void ThrowWhenDown()
    {
        if (IsDown)
            throw new DependencyUnavailableException("access log", TimeSpan.FromSeconds(1));
    }
}
