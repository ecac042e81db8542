namespace FeedBox.Core;

/// <summary>The rule for every text a user sends: what is accepted is kept byte for byte, what cannot be kept is refused.</summary>
public static class UserText
{
    /// <summary>Checks presence, length (UTF-16 units, as clients count) and characters that no store or index can carry.</summary>
    public static string Require(string? text, string field, int maxLength)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw FeedBoxException.Invalid($"{field}-required", $"{field} must not be empty.");
        if (text.Length > maxLength)
            throw FeedBoxException.Invalid($"{field}-too-long", $"{field} must have at most {maxLength} characters.");
        if (!IsClean(text))
            throw FeedBoxException.Invalid($"{field}-invalid-text", $"{field} contains control characters or broken Unicode.");
        return text;
    }

    /// <summary>True when the text has no lone surrogate, and no control character other than tab, line feed and carriage return.</summary>
    public static bool IsClean(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c) && c is not ('\n' or '\r' or '\t'))
                return false;
            if (!char.IsSurrogate(c))
                continue;
            if (!char.IsHighSurrogate(c) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
                return false;
            i++;
        }
        return true;
    }
}
