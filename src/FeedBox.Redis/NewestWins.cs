using StackExchange.Redis;

namespace FeedBox.Redis;

/// <summary>Values that a value of the same or a lower rank never replaces, in whatever order they arrive.</summary>
internal static class NewestWins
{
    /// <summary>Keys: the value. Arguments: rank, text, milliseconds to keep it.</summary>
    private const string PutScript = """
        local head = redis.call('GETRANGE', KEYS[1], 0, 20)
        local bar = string.find(head, '|', 1, true)
        if bar and tonumber(string.sub(head, 1, bar - 1)) >= tonumber(ARGV[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[1] .. '|' .. ARGV[2], 'PX', ARGV[3])
        return 1
        """;

    /// <param name="rank">Below 2^53, which is what a script's numbers hold exactly.</param>
    public static Task PutAsync(RedisStore store, RedisKey key, long rank, string text, TimeSpan keptFor) =>
        store.RunScriptAsync(PutScript, [key], rank, text, (long)keptFor.TotalMilliseconds);

    /// <summary>In the order of the keys; null where there is nothing.</summary>
    public static async Task<IReadOnlyList<(long Rank, ReadOnlyMemory<byte> Text)?>> GetAsync(RedisStore store, RedisKey[] keys)
    {
        var found = new (long, ReadOnlyMemory<byte>)?[keys.Length];
        await store.RunAsync(async database =>
        {
            // One command reads keys of one hash slot; a server that is no cluster has no slots, and one command reads them all.
            await Task.WhenAll(Enumerable.Range(0, keys.Length).GroupBy(i => database.Multiplexer.HashSlot(keys[i])).Select(async slot =>
            {
                var values = await database.StringGetAsync([.. slot.Select(i => keys[i])]);
                foreach (var (i, value) in slot.Zip(values))
                    found[i] = Read(value);
            }));
            return true;
        });
        return found;
    }

    private static (long, ReadOnlyMemory<byte>)? Read(RedisValue value)
    {
        ReadOnlyMemory<byte> bytes = value;
        var bar = bytes.Span.IndexOf((byte)'|');
        return bar > 0 && long.TryParse(bytes.Span[..bar], out var rank) ? (rank, bytes[(bar + 1)..]) : null;
    }
}
