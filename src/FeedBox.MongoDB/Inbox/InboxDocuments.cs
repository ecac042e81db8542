using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;

namespace FeedBox.MongoDB.Inbox;

/// <summary>Ids of posts are stored in the order of their bytes, which is the order of their making.</summary>
internal sealed class InboxDocument
{
    public ObjectId Id { get; set; }

    [BsonElement("subscriber")]
    public long Subscriber { get; set; }

    [BsonElement("post"), BsonGuidRepresentation(GuidRepresentation.Standard)]
    public Guid Post { get; set; }

    [BsonElement("author")]
    public long Author { get; set; }

    /// <summary>The newest version whose fan-out met this entry: a withdrawal removes what is not newer than itself.</summary>
    [BsonElement("version")]
    public int Version { get; set; }

    [BsonElement("addedAt")]
    public long AddedAt { get; set; }

    [BsonElement("readAt"), BsonIgnoreIfNull]
    public long? ReadAt { get; set; }

    /// <summary>True, or absent once it was read.</summary>
    [BsonElement("unread"), BsonIgnoreIfNull]
    public bool? Unread { get; set; }
}

internal enum FanOutState { Running, Finished, Withdrawn }

internal sealed class FanOutDocument
{
    [BsonId, BsonGuidRepresentation(GuidRepresentation.Standard)]
    public Guid Post { get; set; }

    [BsonElement("version")]
    public int Version { get; set; }

    [BsonElement("state")]
    public FanOutState State { get; set; }

    [BsonElement("cursor")]
    public string? Cursor { get; set; }

    /// <summary>Nothing of this version may be added any more.</summary>
    public bool IsClosedTo(int version) => Version > version || (Version == version && State != FanOutState.Running);
}

internal sealed class FollowingsDocument
{
    [BsonId]
    public long Subscriber { get; set; }

    [BsonElement("authors")]
    public long[] Authors { get; set; } = [];
}
