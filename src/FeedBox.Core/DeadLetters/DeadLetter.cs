using FeedBox.Core.Events;

namespace FeedBox.Core.DeadLetters;

/// <summary>Why a message could not be handled; travels as headers on the dead-letter topic.</summary>
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

    public static LogMessage Wrap(LogRecord record, DeadLetterCause cause)
    {
        var headers = record.Headers.Where(header => !header.Key.StartsWith("feedbox-dlt-", StringComparison.Ordinal)).ToList();
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
}
