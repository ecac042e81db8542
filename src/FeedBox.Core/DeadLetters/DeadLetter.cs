using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FeedBox.Core.Events;

namespace FeedBox.Core.DeadLetters;

/// <summary>Why a message could not be handled; travels as headers on the dead-letter topic.</summary>
/// <param name="Group">Who could not handle it; empty when that is not known.</param>
public sealed record DeadLetterCause(
    string Topic, int Partition, long Offset, string Group, int Attempts,
    string ExceptionType, string Message, DateTimeOffset FirstFailureAt, DateTimeOffset LastFailureAt);

/// <summary>The message on the dead-letter topic: the original, byte for byte, and the cause.</summary>
public static class DeadLetterHeaders
{
    public const string Topic = "feedbox-dlt-topic";
    public const string Partition = "feedbox-dlt-partition";
    public const string Offset = "feedbox-dlt-offset";
    public const string Group = "feedbox-dlt-group";
    public const string Attempts = "feedbox-dlt-attempts";
    public const string ExceptionType = "feedbox-dlt-exception-type";
    public const string Message = "feedbox-dlt-exception-message";
    public const string FirstFailureAt = "feedbox-dlt-first-failure-at";
    public const string LastFailureAt = "feedbox-dlt-last-failure-at";

    /// <summary>On a replayed message: the only group that handles it; others skip it.</summary>
    public const string ReplayGroup = "feedbox-replay-group";

    /// <summary>On a replayed message: how often it was replayed so far, so that a replay cannot loop.</summary>
    public const string Replays = "feedbox-replays";

    private const string CausePrefix = "feedbox-dlt-";

    public static LogMessage Wrap(LogRecord record, DeadLetterCause cause)
    {
        var headers = WithoutCause(record);
        headers.AddRange(
        [
            new(Topic, cause.Topic),
            new(Partition, cause.Partition.ToString()),
            new(Offset, cause.Offset.ToString()),
            new(Group, cause.Group),
            new(Attempts, cause.Attempts.ToString()),
            new(ExceptionType, cause.ExceptionType),
            new(Message, cause.Message),
            new(FirstFailureAt, cause.FirstFailureAt.ToString("O")),
            new(LastFailureAt, cause.LastFailureAt.ToString("O")),
        ]);
        return new(Topics.DeadLetter(cause.Topic), record.Key, record.Value, headers);
    }

    /// <summary>The letter that a record of a dead-letter topic carries. What its headers do not tell is taken from the record itself: nothing is refused.</summary>
    public static DeadLetter Unwrap(LogRecord record, DateTimeOffset now)
    {
        var topic = record.Header(Topic)
            ?? (record.Topic.EndsWith(Topics.DeadLetterSuffix, StringComparison.Ordinal) ? record.Topic[..^Topics.DeadLetterSuffix.Length] : record.Topic);
        var lastFailureAt = Time(LastFailureAt) ?? record.AppendedAt;
        var cause = new DeadLetterCause(
            topic, Number(Partition) ?? record.Partition, LongNumber(Offset) ?? record.Offset, record.Header(Group) ?? "",
            Number(Attempts) ?? 0, record.Header(ExceptionType) ?? "", record.Header(Message) ?? "",
            Time(FirstFailureAt) ?? lastFailureAt, lastFailureAt);
        return new(IdOf(cause), new(topic, record.Key, record.Value, WithoutCause(record)), cause, Number(Replays) ?? 0, now);

        int? Number(string header) => int.TryParse(record.Header(header), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

        long? LongNumber(string header) => long.TryParse(record.Header(header), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

        DateTimeOffset? Time(string header) =>
            DateTimeOffset.TryParse(record.Header(header), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUniversalTime() : null;
    }

    /// <summary>The message as it goes to its topic again, for the group that could not handle it.</summary>
    public static LogMessage Replay(DeadLetter letter)
    {
        var headers = letter.Message.Headers.Where(header => header.Key is not (ReplayGroup or Replays)).ToList();
        if (letter.Cause.Group.Length > 0)
            headers.Add(new(ReplayGroup, letter.Cause.Group));
        headers.Add(new(Replays, (letter.Replays + 1).ToString(CultureInfo.InvariantCulture)));
        return letter.Message with { Headers = headers };
    }

    private static List<KeyValuePair<string, string>> WithoutCause(LogRecord record) =>
        [.. record.Headers.Where(header => !header.Key.StartsWith(CausePrefix, StringComparison.Ordinal))];

    /// <summary>A UUIDv7 with the time of the last failure, whose random part is a hash of the place and group.</summary>
    private static Guid IdOf(DeadLetterCause cause)
    {
        var place = Encoding.UTF8.GetBytes($"{cause.Topic}\n{cause.Partition}\n{cause.Offset}\n{cause.Group}");
        Span<byte> id = stackalloc byte[8 + SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(id, cause.LastFailureAt.ToUnixTimeMilliseconds() << 16);
        SHA256.HashData(place, id[6..]);
        id[6] = (byte)(id[6] & 0x0F | 0x70);
        id[8] = (byte)(id[8] & 0x3F | 0x80);
        return new(id[..16], bigEndian: true);
    }
}
