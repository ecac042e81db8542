using System.Text;
using System.Text.Json;
using FeedBox.Core.Events;

namespace FeedBox.Core.Tests.Events;

public sealed class EventCodecTests
{
    private const string Envelope = """
        {"id":"0190f5a0-0000-7000-8000-000000000001","type":"post.created","schema":1,"key":"k","occurredAt":"2026-11-21T09:00:00+00:00","data":{"n":1}}
        """;

    [Fact]
    public void What_was_encoded_is_decoded()
    {
        var e = new FeedEvent(
            Guid.CreateVersion7(), "post.created", 2, "글 \"1\"", new(2026, 11, 21, 9, 0, 0, 123, 456, TimeSpan.Zero),
            JsonSerializer.SerializeToUtf8Bytes(new { list = new[] { 1, 2 }, inner = new { name = "가" } }), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        var message = EventCodec.Encode(new("topic", e));

        foreach (var recordKey in new[] { message.Key, "another", null })
        {
            var decoded = EventCodec.Decode(Record(message.Value, recordKey));
            Assert.Equal(e with { Data = default }, decoded with { Data = default });
            Assert.Equal(e.Data.ToArray(), decoded.Data.ToArray());
        }
    }

    [Fact]
    public void Unknown_fields_are_ignored_wherever_they_stand()
    {
        var decoded = Decode(Envelope.Replace("\"schema\"", "\"new\":{\"id\":[1,{\"key\":2}]},\"schema\"").Replace("{\"n\":1}}", "{\"n\":1},\"also\":null}"));

        Assert.Equal(("post.created", 1, "k", 1), (decoded.Type, decoded.Schema, decoded.Key, JsonSerializer.Deserialize<JsonElement>(decoded.Data.Span).GetProperty("n").GetInt32()));
    }

    [Theory]
    [InlineData("id"), InlineData("type"), InlineData("schema"), InlineData("key"), InlineData("occurredAt"), InlineData("data")]
    public void An_envelope_without_one_of_its_fields_is_none(string field) => Refused(Envelope.Replace($"\"{field}\"", "\"other\""));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("text")]
    [InlineData("\ufeff{}")]
    public void What_is_no_object_is_no_envelope(string value) => Refused(value);

    [Fact]
    public void Fields_of_the_wrong_kind_and_what_follows_the_envelope_are_refused()
    {
        Refused(Envelope.Replace("\"post.created\"", "7"));
        Refused(Envelope.Replace("\"post.created\"", "null"));
        Refused(Envelope.Replace("\"k\"", "{}"));
        Refused(Envelope.Replace("1,\"key\"", "1.5,\"key\""));
        Refused(Envelope.Replace("2026-11-21T09:00:00+00:00", "yesterday"));
        Refused(Envelope.Replace("0190f5a0", "not a guid"));
        Refused(Envelope + "{}");
    }

    private static void Refused(string value) => Assert.Throws<PermanentFailureException>(() => Decode(value));

    private static FeedEvent Decode(string value) => EventCodec.Decode(Record(Encoding.UTF8.GetBytes(value), "k"));

    private static LogRecord Record(ReadOnlyMemory<byte> value, string? key) => new("topic", 0, 0, key, value, [], DateTimeOffset.UnixEpoch);
}
