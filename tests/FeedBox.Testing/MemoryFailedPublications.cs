using FeedBox.Core;
using FeedBox.Core.Events;

namespace FeedBox.Testing;

public sealed class MemoryFailedPublications : IFailedPublications
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<Guid, FailedPublication> _publications = [];

    /// <summary>Makes every call fail until it is taken back.</summary>
    public bool IsDown { get; set; }

    public IReadOnlyList<FailedPublication> All
    {
        get
        {
            lock (_gate)
                return [.. _publications.Values];
        }
    }

    public Task KeepAsync(FailedPublication publication, CancellationToken cancellationToken) =>
        Do(() => _publications.TryAdd(publication.Id, publication));

    public Task<IReadOnlyList<FailedPublication>> ListAsync(Guid? after, int maxRefusals, int limit, CancellationToken cancellationToken) =>
        Do<IReadOnlyList<FailedPublication>>(() =>
        [
            .. _publications.Values.Where(p => p.Refusals < maxRefusals && (after is null || p.Id.CompareTo(after.Value) > 0)).Take(limit),
        ]);

    public Task RemoveAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken) => Do(() => ids.Count(_publications.Remove));

    public Task CountRefusalAsync(Guid id, CancellationToken cancellationToken) => Do(() =>
        _publications.TryGetValue(id, out var publication) ? _publications[id] = publication with { Refusals = publication.Refusals + 1 } : null);

    public Task<long> CountAsync(CancellationToken cancellationToken) => Do(() => (long)_publications.Count);

    private Task<T> Do<T>(Func<T> work)
    {
        if (IsDown)
            return Task.FromException<T>(new DependencyUnavailableException("failed publications", TimeSpan.FromSeconds(1)));
        lock (_gate)
            return Task.FromResult(work());
    }
}
