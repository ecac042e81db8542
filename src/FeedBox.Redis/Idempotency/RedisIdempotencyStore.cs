using System.Text.Json;
using System.Text.Json.Serialization;
using FeedBox.Core.Idempotency;
using StackExchange.Redis;

namespace FeedBox.Redis.Idempotency;

/// <summary>
/// One hash per caller and key. Times are the caller's clock, in milliseconds; the server's own clock only clears up.
/// As durable as the server's append-only file: with <c>appendfsync everysec</c> a power cut may forget a second of claims.
/// </summary>
public sealed class RedisIdempotencyStore(RedisStore store) : IIdempotencyStore
{
    /// <summary>Keys: the claim. Arguments: fingerprint, operation id for a new claim, now, lease end, kept for.</summary>
    private const string ClaimScript = """
        local claim = redis.call('HMGET', KEYS[1], 'fingerprint', 'operation', 'claimed', 'leased', 'answer')
        local now = tonumber(ARGV[3])
        if not claim[1] or tonumber(claim[3]) + tonumber(ARGV[5]) <= now then
            redis.call('DEL', KEYS[1])
            redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'operation', ARGV[2], 'claimed', ARGV[3], 'leased', ARGV[4])
            redis.call('PEXPIRE', KEYS[1], ARGV[5])
            return {'granted', ARGV[2]}
        end
        if claim[1] ~= ARGV[1] then return {'mismatch'} end
        if claim[5] then return {'answered', claim[5]} end
        if tonumber(claim[4]) > now then return {'busy'} end
        redis.call('HSET', KEYS[1], 'leased', ARGV[4])
        return {'granted', claim[2]}
        """;

    private const string AnswerScript = """
        if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'answer', ARGV[1]) end
        """;

    private const string ReleaseScript = """
        if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'leased', '0') end
        """;

    public async Task<IdempotencyClaim> ClaimAsync(long caller, string key, string fingerprint, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var result = await store.RunScriptAsync(ClaimScript, [Key(caller, key)],
            fingerprint, Guid.CreateVersion7(now).ToString(),
            now.ToUnixTimeMilliseconds(), (now + IIdempotencyStore.Lease).ToUnixTimeMilliseconds(), (long)IIdempotencyStore.KeptFor.TotalMilliseconds)
            .WaitAsync(cancellationToken);
        return (string?)result[0] switch
        {
            "granted" => new IdempotencyClaim.Granted(Guid.Parse((string)result[1]!)),
            "answered" => new IdempotencyClaim.Answered(JsonSerializer.Deserialize((byte[])result[1]!, StoredAnswerJson.Default.StoredAnswer)!),
            "busy" => new IdempotencyClaim.Busy(),
            _ => new IdempotencyClaim.Mismatch(),
        };
    }

    public Task AnswerAsync(long caller, string key, StoredAnswer answer, CancellationToken cancellationToken) =>
        store.RunScriptAsync(AnswerScript, [Key(caller, key)], JsonSerializer.SerializeToUtf8Bytes(answer, StoredAnswerJson.Default.StoredAnswer))
            .WaitAsync(cancellationToken);

    public Task ReleaseAsync(long caller, string key, CancellationToken cancellationToken) =>
        store.RunScriptAsync(ReleaseScript, [Key(caller, key)]).WaitAsync(cancellationToken);

    private RedisKey Key(long caller, string key) => store.Key($"idempotency:{caller}:{key}");
}

[JsonSerializable(typeof(StoredAnswer))]
internal sealed partial class StoredAnswerJson : JsonSerializerContext;
