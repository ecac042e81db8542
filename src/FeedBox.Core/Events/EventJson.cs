using System.Text.Json.Serialization;
using FeedBox.Core.AccessLog;
using FeedBox.Core.Coupons;

namespace FeedBox.Core.Events;

/// <summary>post.created and post.updated. The text is read from the store by version, so an old event never carries stale text forward.</summary>
public sealed record PostChanged(Guid PostId, int Version, long AuthorId, long CategoryId);

public sealed record PostDeleted(Guid PostId, int Version, long AuthorId);

/// <summary>post.approved: all that inbox and index need, so that they ask nobody.</summary>
/// <param name="First">True when no version of this post was visible before.</param>
public sealed record PostApproved(
    Guid PostId, int Version, bool First, long AuthorId, long CategoryId, string? CategoryName,
    string Title, string Content, IReadOnlyList<string> Tags, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>post.withdrawn: a visible post was deleted, or an edit of it was rejected.</summary>
public sealed record PostWithdrawn(Guid PostId, int Version, string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PostChanged))]
[JsonSerializable(typeof(PostDeleted))]
[JsonSerializable(typeof(PostApproved))]
[JsonSerializable(typeof(PostWithdrawn))]
[JsonSerializable(typeof(CouponRequested))]
[JsonSerializable(typeof(AccessLogEntry))]
public sealed partial class EventJson : JsonSerializerContext;
