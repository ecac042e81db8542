using FeedBox.Core.Search.Korean;

namespace FeedBox.Core.Search;

public static class KoreanText
{
    /// <summary>The most telling nouns of a text, as they would be typed as tags: frequent, long and early ones first.</summary>
    public static IReadOnlyList<string> Keywords(string text, int count)
    {
        var seen = new Dictionary<string, (int Count, int First, int Span)>();
        foreach (var term in KoreanAnalyzer.Analyze(text))
            if (term.Kind == TermKind.Word && !IsVerb(text, term) && term.Text.Length > 1 && !char.IsAsciiDigit(term.Text[0]))
            {
                var known = seen.GetValueOrDefault(term.Text, (Count: 0, First: term.Start, Span: term.Length));
                seen[term.Text] = known with { Count = known.Count + 1 };
            }

        var keywords = new List<string>(count);
        foreach (var (word, _) in seen.OrderByDescending(entry => Weight(entry.Key, entry.Value.Count, entry.Value.First)).ThenBy(entry => entry.Value.First))
        {
            if (keywords.Count == count)
                break;
            // of two readings of the same word the better one came first
            if (!keywords.Any(other => other.StartsWith(word, StringComparison.Ordinal) || word.StartsWith(other, StringComparison.Ordinal)))
                keywords.Add(Hangul.IsSyllable(word[0]) ? word : text.Substring(seen[word].First, seen[word].Span));
        }
        return keywords;

        double Weight(string word, int occurrences, int first) =>
            (1 + Math.Log(occurrences)) * Math.Min(word.Length, 5) * (first < text.Length / 5 ? 1.3 : 1)
            * (Lexicon.ProtectedNouns.Contains(word) ? 1.2 : 1);
    }

    private static bool IsVerb(string text, Term term) =>
        term.Text.EndsWith('다') && (term.Start + term.Text.Length > text.Length || string.CompareOrdinal(text, term.Start, term.Text, 0, term.Text.Length) != 0);
}
