using FeedBox.Core.DeadLetters;

namespace FeedBox.Testing;

public sealed class MemoryDeadLetterStore : IDeadLetterStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<Guid, DeadLetter> _letters = [];
    private readonly HashSet<(string, int, long, string)> _places = [];

    /// <summary>Called before a letter is filed; throws to make it fail.</summary>
    public Action<DeadLetter>? OnAdd { get; set; }

    /// <summary>Called before a letter is removed; throws to make it fail.</summary>
    public Action<Guid>? OnRemove { get; set; }

    public Task AddAsync(DeadLetter letter, CancellationToken cancellationToken)
    {
        OnAdd?.Invoke(letter);
        lock (_gate)
            if (_places.Add((letter.Cause.Topic, letter.Cause.Partition, letter.Cause.Offset, letter.Cause.Group)))
                _letters.Add(letter.Id, letter);
        return Task.CompletedTask;
    }

    public Task<DeadLetter?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(_letters.GetValueOrDefault(id));
    }

    public Task<IReadOnlyList<DeadLetter>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult<IReadOnlyList<DeadLetter>>([.. _letters.Values.Where(letter => after is null || letter.Id.CompareTo(after.Value) > 0).Take(limit)]);
    }

    public Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken)
    {
        OnRemove?.Invoke(id);
        lock (_gate)
            return Task.FromResult(_letters.Remove(id));
    }

    public Task<long> CountAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult((long)_letters.Count);
    }
}
