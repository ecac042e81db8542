namespace FeedBox.UserTeam;

/// <summary>
/// When to send a second attempt: not before <paramref name="least"/>, and not before the p95 of the last healthy answers.
/// On a slow day the delay grows with the answers, so at most about every twentieth healthy read is sent twice.
/// </summary>
public sealed class HedgeDelay(TimeSpan least, TimeSpan most)
{
    private const int Window = 128;
    private const int Step = 8;
    private readonly Lock _gate = new();
    private readonly long[] _ticks = new long[Window];
    private int _count;
    private long _p95 = least.Ticks;

    public TimeSpan Current => TimeSpan.FromTicks(Math.Clamp(Interlocked.Read(ref _p95), least.Ticks, most.Ticks));

    public void Succeeded(TimeSpan took)
    {
        lock (_gate)
        {
            _ticks[_count++ % Window] = took.Ticks;
            if (_count % Step != 0)
                return;
            var seen = _ticks.AsSpan(0, Math.Min(_count, Window)).ToArray();
            Array.Sort(seen);
            Interlocked.Exchange(ref _p95, seen[(int)(seen.Length * 0.95)]);
        }
    }
}
