using FeedBox.Core.Search.Korean;

namespace FeedBox.Core.Search;

/// <summary>What a user looks for, read once; finds itself again in the texts that an index returns.</summary>
public sealed class SearchText
{
    private const int MaxWords = 12;
    private const int SnippetLength = 200;
    private const int LeadIn = 40;

    private readonly HashSet<string> _terms = [];
    private readonly HashSet<string> _pairs = [];

    public SearchText(string text)
    {
        Words = [.. KoreanAnalyzer.AnalyzeQuery(text).Take(MaxWords)];
        foreach (var word in Words)
        {
            _terms.UnionWith(word.Terms);
            _pairs.UnionWith(word.Pairs.Count > 0 ? word.Pairs : word.Terms);
            foreach (var (left, right) in word.Splits)
            {
                _terms.Add(left);
                _terms.Add(right);
            }
        }
    }

    /// <summary>All of them should be found; some may have to do.</summary>
    public IReadOnlyList<QueryWord> Words { get; }

    public HighlightedText Highlight(string text) => new(text, Find(text));

    /// <summary>At most 200 characters around the place where most of the words are close together.</summary>
    public HighlightedText Snippet(string text)
    {
        var spans = Find(text);
        if (text.Length <= SnippetLength)
            return new(text, spans);

        var (best, most) = (0, 0);
        for (int first = 0, last = 0; first < spans.Count; first++)
        {
            while (last < spans.Count && spans[last].Start + spans[last].Length <= spans[first].Start + SnippetLength - LeadIn)
                last++;
            if (last - first > most)
                (best, most) = (spans[first].Start, last - first);
        }

        var start = WordStart(text, Math.Clamp(best - LeadIn, 0, text.Length - SnippetLength));
        var end = Math.Min(text.Length, start + SnippetLength);
        if (end < text.Length && char.IsLowSurrogate(text[end]))
            end--;
        return new(text[start..end],
            [.. spans.Where(span => span.Start >= start && span.Start + span.Length <= end).Select(span => span with { Start = span.Start - start })]);
    }

    private List<TextSpan> Find(string text)
    {
        var spans = new List<TextSpan>();
        if (_terms.Count == 0)
            return spans;
        foreach (var term in KoreanAnalyzer.Analyze(text))
            if ((term.Kind == TermKind.Word ? _terms : _pairs).Contains(term.Text) && term.Length > 0)
                spans.Add(new(term.Start, term.Length));
        return Merge(spans);
    }

    private static List<TextSpan> Merge(List<TextSpan> spans)
    {
        spans.Sort((a, b) => a.Start.CompareTo(b.Start));
        var merged = new List<TextSpan>(spans.Count);
        foreach (var span in spans)
            if (merged.Count > 0 && merged[^1] is var last && span.Start < last.Start + last.Length)
                merged[^1] = last with { Length = Math.Max(last.Length, span.Start + span.Length - last.Start) };
            else
                merged.Add(span);
        return merged;
    }

    /// <summary>The first beginning of a word at or shortly after the place; never the middle of a surrogate pair.</summary>
    private static int WordStart(string text, int from)
    {
        if (from == 0)
            return 0;
        for (var i = from; i < from + LeadIn / 2; i++)
            if (char.IsWhiteSpace(text[i - 1]))
                return i;
        return char.IsLowSurrogate(text[from]) ? from + 1 : from;
    }
}
