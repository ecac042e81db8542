namespace FeedBox.Redis.Coupons;

/// <summary>
/// The gate of an event is two keys of one hash tag. KEYS[1], a hash: generation, open, limit, left, next (the first place of the unbroken
/// rest), gaps and gap:N (places before it that are free), waiting (how many places are unconfirmed), place:USER (the place,
/// negative once it is confirmed). KEYS[2], a sorted set: users with unconfirmed places by the time of their reservation, in milliseconds.
/// A gate of which the server has dropped one key (eviction) is dropped wholly.
/// </summary>
internal static class GateScripts
{
    /// <summary>user, now, milliseconds to keep the gate → answer, sequence, generation.</summary>
    public const string Reserve = """
        local gate = redis.call('HMGET', KEYS[1], 'open', 'place:' .. ARGV[1], 'left', 'generation', 'waiting', 'gaps')
        if not gate[1] then return {'not-loaded'} end
        if gate[2] then
            if tonumber(gate[2]) < 0 then return {'already-requested'} end
            return {'reserved', gate[2], gate[4]}
        end
        if tonumber(gate[3]) <= 0 then return {'sold-out'} end
        if redis.call('ZCARD', KEYS[2]) ~= tonumber(gate[5]) then
            redis.call('DEL', KEYS[1], KEYS[2])
            return {'not-loaded'}
        end
        local place
        if tonumber(gate[6]) > 0 then
            place = redis.call('HGET', KEYS[1], 'gap:' .. gate[6])
            redis.call('HDEL', KEYS[1], 'gap:' .. gate[6])
            redis.call('HINCRBY', KEYS[1], 'gaps', -1)
        else
            place = redis.call('HINCRBY', KEYS[1], 'next', 1) - 1
        end
        redis.call('HINCRBY', KEYS[1], 'left', -1)
        redis.call('HINCRBY', KEYS[1], 'waiting', 1)
        redis.call('HSET', KEYS[1], 'place:' .. ARGV[1], place)
        redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        redis.call('PEXPIRE', KEYS[2], ARGV[3])
        return {'reserved', place, gate[4]}
        """;

    /// <summary>user, generation → outcome.</summary>
    public const string Confirm = """
        local gate = redis.call('HMGET', KEYS[1], 'open', 'generation', 'place:' .. ARGV[1])
        if not gate[1] or gate[2] ~= ARGV[2] or not gate[3] then return 'lost' end
        local place = tonumber(gate[3])
        if place < 0 then return 'already-confirmed' end
        redis.call('HSET', KEYS[1], 'place:' .. ARGV[1], -place)
        redis.call('HINCRBY', KEYS[1], 'waiting', -redis.call('ZREM', KEYS[2], ARGV[1]))
        return 'confirmed'
        """;

    /// <summary>generation, milliseconds to keep the mark → 1 when it was set.</summary>
    public const string BeginLoad = """
        local gate = redis.call('HMGET', KEYS[1], 'open', 'generation')
        if gate[1] or (gate[2] and tonumber(gate[2]) > tonumber(ARGV[1])) then return 0 end
        redis.call('HSET', KEYS[1], 'generation', ARGV[1])
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """;

    /// <summary>generation, milliseconds to keep it, limit, left, next, number of gaps, the gaps, then user and place of each holder.</summary>
    public const string Load = """
        local gate = redis.call('HMGET', KEYS[1], 'open', 'generation')
        if gate[1] or gate[2] ~= ARGV[1] then return 0 end
        redis.call('DEL', KEYS[1], KEYS[2])
        redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'open', 1, 'limit', ARGV[3], 'left', ARGV[4], 'next', ARGV[5], 'gaps', ARGV[6], 'waiting', 0)
        local holders = 7 + tonumber(ARGV[6])
        for i = 7, holders - 1 do redis.call('HSET', KEYS[1], 'gap:' .. (i - 6), ARGV[i]) end
        for i = holders, #ARGV, 2 do redis.call('HSET', KEYS[1], 'place:' .. ARGV[i], -tonumber(ARGV[i + 1])) end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """;

    /// <summary>before, at most → state, generation, then user and place of each. "settled": no place of this gate is or becomes unconfirmed.</summary>
    public const string ListUnconfirmed = """
        local gate = redis.call('HMGET', KEYS[1], 'open', 'generation', 'waiting', 'left')
        if not gate[1] then return {gate[2] and 'loading' or 'gone'} end
        if redis.call('ZCARD', KEYS[2]) ~= tonumber(gate[3]) then
            redis.call('DEL', KEYS[1], KEYS[2])
            return {'gone'}
        end
        if tonumber(gate[3]) == 0 and tonumber(gate[4]) <= 0 then return {'settled'} end
        local found = {'open', gate[2]}
        for _, user in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])) do
            found[#found + 1] = user
            found[#found + 1] = redis.call('HGET', KEYS[1], 'place:' .. user)
        end
        return found
        """;

    /// <summary>Takes an event off the list of those with open gates, unless it was put on again since it was looked at. Arguments: event, mark.</summary>
    public const string Unlist = """
        if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('ZREM', KEYS[1], ARGV[1]) end
        """;
}
