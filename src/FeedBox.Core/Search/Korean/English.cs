namespace FeedBox.Core.Search.Korean;

/// <summary>A light stemmer for Latin words among Korean text: plurals, -ing, -ed, -ly. Both sides go through it, so it need not be pretty.</summary>
internal static class English
{
    public static string Stem(string word)
    {
        if (word.Length < 4 || !word.All(char.IsAsciiLetter))
            return word;
        var stem = Plural(word);
        foreach (var (ending, shortest) in (ReadOnlySpan<(string, int)>)[("ingly", 3), ("edly", 3), ("ing", 3), ("ed", 3), ("ly", 4)])
            if (stem.EndsWith(ending, StringComparison.Ordinal) && stem.Length - ending.Length >= shortest && stem.AsSpan(0, stem.Length - ending.Length).ContainsAny("aeiouy"))
            {
                stem = stem[..^ending.Length];
                if (stem.Length > 3 && stem[^1] == stem[^2] && stem[^1] is not ('l' or 's' or 'z' or 'e' or 'o'))
                    stem = stem[..^1];
                break;
            }
        return stem.Length > 3 && stem[^1] == 'e' ? stem[..^1] : stem.Length > 3 && stem[^1] == 'y' ? stem[..^1] + 'i' : stem;
    }

    private static string Plural(string word) =>
        word[^1] != 's' || word.EndsWith("ss", StringComparison.Ordinal) || word.EndsWith("us", StringComparison.Ordinal) || word.EndsWith("is", StringComparison.Ordinal) ? word
        : word.EndsWith("ies", StringComparison.Ordinal) ? word[..^3] + 'y'
        : word.EndsWith("sses", StringComparison.Ordinal) || word.EndsWith("ches", StringComparison.Ordinal) || word.EndsWith("shes", StringComparison.Ordinal) || word.EndsWith("xes", StringComparison.Ordinal) ? word[..^2]
        : word[..^1];
}
