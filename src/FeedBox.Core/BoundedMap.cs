using System.Collections.Concurrent;

namespace FeedBox.Core;

/// <summary>What was used lately, up to a number of entries, for all threads: two generations, the older one dropped when the younger is full.</summary>
public sealed class BoundedMap<TKey, TValue>(int capacity) where TKey : notnull where TValue : class
{
    private readonly Lock _turn = new();
    private ConcurrentDictionary<TKey, TValue> _young = new();
    private ConcurrentDictionary<TKey, TValue> _old = new();
    private int _youngCount;

    public TValue? Find(TKey key)
    {
        if (_young.TryGetValue(key, out var value))
            return value;
        if (!_old.TryGetValue(key, out value))
            return null;
        if (_young.TryAdd(key, value))
            Grow();
        return value;
    }

    public void Set(TKey key, TValue value) => Set(key, value, (_, candidate) => candidate);

    /// <param name="choose">Of what is there and what is to be set, what stays; may be called more than once.</param>
    public void Set(TKey key, TValue value, Func<TValue, TValue, TValue> choose)
    {
        if (_old.TryGetValue(key, out var older))
            value = choose(older, value);
        if (_young.TryAdd(key, value))
            Grow();
        else
            _young.AddOrUpdate(key, value, (_, present) => choose(present, value));
    }

    private void Grow()
    {
        if (Interlocked.Increment(ref _youngCount) <= capacity / 2)
            return;
        lock (_turn)
        {
            if (_youngCount <= capacity / 2)
                return;
            _youngCount = 0;
            _old = _young;
            _young = new();
        }
    }
}
