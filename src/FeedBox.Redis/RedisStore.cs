using FeedBox.Core;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FeedBox.Redis;

/// <summary>
/// The server as every feature uses it: keys under one prefix, each change one script, and one exception for "nobody answers".
/// Every script keeps to keys of one hash tag, so that it runs on a cluster too.
/// </summary>
public sealed class RedisStore(IConnectionMultiplexer connection, IOptions<RedisOptions> options)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    internal RedisOptions Options { get; } = options.Value;

    internal RedisKey Key(string name) => Options.KeyPrefix + name;

    /// <exception cref="DependencyUnavailableException">The server does not answer, or cannot take commands now.</exception>
    internal async Task<T> RunAsync<T>(Func<IDatabase, Task<T>> work)
    {
        try
        {
            return await work(connection.GetDatabase());
        }
        catch (Exception e) when (IsOutage(e))
        {
            throw new DependencyUnavailableException("redis", RetryAfter, e);
        }
    }

    /// <summary>Runs a script by its hash; the client loads it again when the server has forgotten it.</summary>
    internal Task<RedisResult> RunScriptAsync(string script, RedisKey[] keys, params RedisValue[] values) =>
        RunAsync(database => database.ScriptEvaluateAsync(script, keys, values));

    /// <summary>Answers of a server that is loading, full, failing over or read-only; its other errors are defects and stay what they are.</summary>
    private static readonly string[] OutageAnswers = ["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "OOM", "BUSY", "MISCONF", "NOREPLICAS", "TRYAGAIN"];

    private static bool IsOutage(Exception e) =>
        e is RedisConnectionException or RedisTimeoutException
        || (e is RedisServerException && OutageAnswers.Any(answer => e.Message.StartsWith(answer, StringComparison.Ordinal)));
}
