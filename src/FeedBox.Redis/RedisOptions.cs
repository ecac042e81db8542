namespace FeedBox.Redis;

/// <summary>Section <c>FeedBox:Redis</c>; the server comes from <c>ConnectionStrings:redis</c>.</summary>
public sealed class RedisOptions
{
    public const string Section = "FeedBox:Redis";

    /// <summary>As StackExchange.Redis reads it: host:port, then options, comma separated.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Begins every key, so that several installations can share a server.</summary>
    public string KeyPrefix { get; set; } = "feedbox:";

    /// <summary>How long a command may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a published post, or the mark of a removed one, is kept after it was written.</summary>
    public TimeSpan PostsKeptFor { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a name is kept after it was fetched.</summary>
    public TimeSpan NamesKeptFor { get; set; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long the gate of a coupon event is kept after the last place that was given. Longer than any event lasts;
    /// a gate that is forgotten nevertheless is loaded again.
    /// </summary>
    public TimeSpan CouponGatesKeptFor { get; set; } = TimeSpan.FromDays(400);

    /// <summary>How often a relay says that it is alive.</summary>
    public TimeSpan RelayPing { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>After how much silence a relay's shards go to the others.</summary>
    public TimeSpan RelayDeadAfter { get; set; } = TimeSpan.FromSeconds(9);
}
