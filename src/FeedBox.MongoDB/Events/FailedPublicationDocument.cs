using FeedBox.Core.Events;
using MongoDB.Bson;
using MongoDB.Bson.Serialization.Attributes;

namespace FeedBox.MongoDB.Events;

internal sealed class FailedPublicationDocument
{
    [BsonId, BsonGuidRepresentation(GuidRepresentation.Standard)]
    public Guid Id { get; set; }

    [BsonElement("topic")]
    public string Topic { get; set; } = "";

    [BsonElement("key")]
    public string? Key { get; set; }

    [BsonElement("value")]
    public byte[] Value { get; set; } = [];

    [BsonElement("headers")]
    public string[][] Headers { get; set; } = [];

    [BsonElement("refusals")]
    public int Refusals { get; set; }

    public static FailedPublicationDocument Of(FailedPublication publication) => new()
    {
        Id = publication.Id,
        Topic = publication.Message.Topic,
        Key = publication.Message.Key,
        Value = publication.Message.Value.ToArray(),
        Headers = [.. publication.Message.Headers.Select(header => new[] { header.Key, header.Value })],
        Refusals = publication.Refusals,
    };

    public FailedPublication ToPublication() =>
        new(Id, new(Topic, Key, Value, [.. Headers.Select(header => KeyValuePair.Create(header[0], header[1]))]), Refusals);
}
