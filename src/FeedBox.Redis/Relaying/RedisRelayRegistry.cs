using FeedBox.Core;
using FeedBox.Core.Events;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FeedBox.Redis.Relaying;

/// <summary>
/// The relays that are alive, in a sorted set by the server's time of their last ping. The shards are cut into as many contiguous ranges.
/// While the server does not answer, the last range holds until this relay too would count as dead; then it looks after every shard,
/// and the outbox's claims decide.
/// </summary>
public sealed partial class RedisRelayRegistry(RedisStore store, TimeProvider time, ILogger<RedisRelayRegistry> logger) : IShardOwnership
{
    /// <summary>member, milliseconds of silence → those alive.</summary>
    private const string PingScript = """
        local now = redis.call('TIME')
        local milliseconds = now[1] * 1000 + math.floor(now[2] / 1000)
        redis.call('ZADD', KEYS[1], milliseconds, ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', milliseconds - ARGV[2])
        return redis.call('ZRANGE', KEYS[1], 0, -1)
        """;

    private readonly RedisKey _key = store.Key("relays");
    private readonly string _me = $"{Environment.MachineName}-{Guid.NewGuid():N}";
    private volatile Shards _shards = new(0, 0);

    public bool Owns(int shard) => shard >= _shards.First && shard < _shards.End;

    public async Task RunAsync(CancellationToken stopping)
    {
        var heard = time.GetTimestamp();
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var alive = (string[])(await store.RunScriptAsync(
                    PingScript, [_key], _me, (long)store.Options.RelayDeadAfter.TotalMilliseconds).WaitAsync(stopping))!;
                heard = time.GetTimestamp();
                Take(RangeOf(alive.Order(StringComparer.Ordinal).ToList().IndexOf(_me), alive.Length));
            }
            catch (DependencyUnavailableException e) when (!stopping.IsCancellationRequested)
            {
                LogSilent(e);
                if (time.GetElapsedTime(heard) >= store.Options.RelayDeadAfter)
                    Take(RangeOf(0, 1));
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            await Task.Delay(store.Options.RelayPing, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await LeaveAsync();
    }

    private async Task LeaveAsync()
    {
        try
        {
            await store.RunAsync(database => database.SortedSetRemoveAsync(_key, _me));
        }
        catch (DependencyUnavailableException e)
        {
            LogSilent(e); // the others notice by its silence
        }
    }

    private static Shards RangeOf(int rank, int relays) => new(rank * OutboxShards.Count / relays, (rank + 1) * OutboxShards.Count / relays);

    private void Take(Shards shards)
    {
        if (shards == _shards)
            return;
        _shards = shards;
        LogRange(shards.First, shards.End);
    }

    /// <param name="End">The first one that is not in the range.</param>
    private sealed record Shards(int First, int End);

    [LoggerMessage(LogLevel.Information, "Looks after the shards of the outbox from {First} to before {End}")]
    private partial void LogRange(int first, int end);

    [LoggerMessage(LogLevel.Warning, "The registry of relays does not answer")]
    private partial void LogSilent(Exception e);
}
