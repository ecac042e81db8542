using FeedBox.Core.DeadLetters;
using FeedBox.MongoDB.Events;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;

namespace FeedBox.MongoDB.DeadLetters;

/// <summary>A letter, or, once it was removed, only its place.</summary>
internal sealed class DeadLetterDocument
{
    [BsonId, BsonGuidRepresentation(GuidRepresentation.Standard)]
    public Guid Id { get; set; }

    [BsonElement("waiting")]
    public bool Waiting { get; set; }

    [BsonElement("removedAt"), BsonIgnoreIfNull]
    public DateTime? RemovedAt { get; set; }

    [BsonElement("topic")]
    public string Topic { get; set; } = "";

    [BsonElement("partition")]
    public int Partition { get; set; }

    [BsonElement("offset")]
    public long Offset { get; set; }

    [BsonElement("group")]
    public string Group { get; set; } = "";

    [BsonElement("message"), BsonIgnoreIfNull]
    public MessageDocument? Message { get; set; }

    [BsonElement("attempts")]
    public int Attempts { get; set; }

    [BsonElement("exceptionType")]
    public string ExceptionType { get; set; } = "";

    [BsonElement("exceptionMessage")]
    public string ExceptionMessage { get; set; } = "";

    [BsonElement("firstFailureAt")]
    public long FirstFailureAt { get; set; }

    [BsonElement("lastFailureAt")]
    public long LastFailureAt { get; set; }

    [BsonElement("replays")]
    public int Replays { get; set; }

    [BsonElement("filedAt")]
    public long FiledAt { get; set; }

    public static DeadLetterDocument Of(DeadLetter letter) => new()
    {
        Id = letter.Id,
        Waiting = true,
        Topic = letter.Cause.Topic,
        Partition = letter.Cause.Partition,
        Offset = letter.Cause.Offset,
        Group = letter.Cause.Group,
        Message = MessageDocument.Of(letter.Message),
        Attempts = letter.Cause.Attempts,
        ExceptionType = letter.Cause.ExceptionType,
        ExceptionMessage = letter.Cause.Message,
        FirstFailureAt = Microseconds.Of(letter.Cause.FirstFailureAt),
        LastFailureAt = Microseconds.Of(letter.Cause.LastFailureAt),
        Replays = letter.Replays,
        FiledAt = Microseconds.Of(letter.FiledAt),
    };

    public DeadLetter ToLetter() => new(
        Id,
        Message!.ToMessage(),
        new(Topic, Partition, Offset, Group, Attempts, ExceptionType, ExceptionMessage, Microseconds.ToTime(FirstFailureAt), Microseconds.ToTime(LastFailureAt)),
        Replays, Microseconds.ToTime(FiledAt));
}
