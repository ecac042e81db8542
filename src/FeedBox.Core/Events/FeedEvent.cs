namespace FeedBox.Core.Events;

/// <summary>A fact that has happened. <see cref="Id"/> is its identity everywhere: a second delivery carries the same one.</summary>
/// <param name="Key">Aggregate id; events of one key keep their order.</param>
/// <param name="Data">The body as UTF-8 JSON; unknown fields in it are ignored by readers.</param>
/// <param name="TraceParent">W3C trace context of the request that caused it, if any.</param>
public sealed record FeedEvent(
    Guid Id, string Type, int Schema, string Key, DateTimeOffset OccurredAt, ReadOnlyMemory<byte> Data, string? TraceParent);

/// <summary>An event on its way to a topic; what an outbox keeps until the log has it.</summary>
public sealed record OutboundEvent(string Topic, FeedEvent Event);

public static class EventTypes
{
    public const string PostCreated = "post.created";
    public const string PostUpdated = "post.updated";
    public const string PostDeleted = "post.deleted";
    public const string PostApproved = "post.approved";
    public const string PostWithdrawn = "post.withdrawn";
    public const string CouponRequested = "coupon.requested";
    public const string RequestAnswered = "request.answered";
}

public static class Topics
{
    public const int Partitions = 12;
    public const string PostOriginal = "feedbox.post.original";
    public const string PostInspected = "feedbox.post.inspected";
    public const string CouponRequest = "feedbox.coupon.request";

    /// <summary>Not for what must not be lost: a process that cannot append for long drops entries.</summary>
    public const string AccessLog = "feedbox.accesslog";
    public const string DeadLetterSuffix = ".dlt";

    /// <summary>Every topic that start-up creates wherever events are handled, dead-letter twins included; the access log's only where that is on.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. new[] { PostOriginal, PostInspected, CouponRequest }.SelectMany(topic => new[] { topic, DeadLetter(topic) })];

    public static string DeadLetter(string topic) => topic + DeadLetterSuffix;
}

public static class ConsumerGroups
{
    public const string PostCaching = "feedbox-post-caching";
    public const string PostInspect = "feedbox-post-inspect";
    public const string PostSubscribing = "feedbox-post-subscribing";
    public const string PostIndexing = "feedbox-post-indexing";
    public const string CouponIssue = "feedbox-coupon-issue";
    public const string AccessLog = "feedbox-access-log";
    public const string DeadLetters = "feedbox-dead-letters";

    public static IReadOnlyList<string> All { get; } = [PostCaching, PostInspect, PostSubscribing, PostIndexing, CouponIssue, AccessLog, DeadLetters];

    /// <summary>Whether it handles what the service tells of itself: that is not traced, and goes on for as long as somebody looks, so nothing waits for its end.</summary>
    public static bool IsTelemetry(string group) => group == AccessLog;
}
