using FeedBox.Core.Events;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;

namespace FeedBox.MongoDB.Events;

internal sealed class FailedPublicationDocument
{
    [BsonId, BsonGuidRepresentation(GuidRepresentation.Standard)]
    public Guid Id { get; set; }

    [BsonElement("message")]
    public MessageDocument Message { get; set; } = new();

    [BsonElement("refusals")]
    public int Refusals { get; set; }

    public static FailedPublicationDocument Of(FailedPublication publication) => new()
    {
        Id = publication.Id,
        Message = MessageDocument.Of(publication.Message),
        Refusals = publication.Refusals,
    };

    public FailedPublication ToPublication() => new(Id, Message.ToMessage(), Refusals);
}
