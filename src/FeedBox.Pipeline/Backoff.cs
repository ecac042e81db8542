namespace FeedBox.Pipeline;

/// <summary>Growing pauses between tries of something that has to succeed: 200 ms, doubling, at most 5 s.</summary>
internal struct Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private TimeSpan _last;

    public Task WaitAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        _last = _last == default ? First : _last * 2 > Longest ? Longest : _last * 2;
        return Task.Delay(_last, time, cancellationToken);
    }

    public void Reset() => _last = default;
}
