using System.Collections.Concurrent;

namespace FeedBox.UserTeam;

/// <summary>Two generations; the older one is dropped when the younger is full, so what is read stays and nothing keeps a list.</summary>
internal sealed class BoundedCache<TKey, TValue>(int capacity) where TKey : notnull where TValue : class
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

    public void Set(TKey key, TValue value)
    {
        if (_young.TryAdd(key, value))
            Grow();
        else
            _young[key] = value;
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
