using System.Buffers;
using System.Text.Unicode;
using FeedBox.Core;
using FeedBox.Core.Events;

namespace FeedBox.Http.Operations;

/// <summary>As much of a message as an operator is shown.</summary>
internal static class MessageText
{
    private const int MaxText = 2_000;

    public static string? Cut(string? text) => text is { Length: > MaxText } ? text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)] : text;

    public static string? TypeOf(LogMessage message) => Cut(message.Headers.FirstOrDefault(header => header.Key == "type").Value);

    /// <summary>Null when it is not text.</summary>
    public static string? Preview(LogMessage message)
    {
        var text = new char[Math.Min(message.Value.Length, MaxText)];
        var read = Utf8.ToUtf16(message.Value.Span, text, out _, out var written, replaceInvalidSequences: false);
        return read is OperationStatus.Done or OperationStatus.DestinationTooSmall && UserText.IsClean(text.AsSpan(0, written)) ? new(text, 0, written) : null;
    }
}
