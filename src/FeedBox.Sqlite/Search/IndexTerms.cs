using System.Text;
using FeedBox.Core.Search;
using FeedBox.Core.Search.Korean;

namespace FeedBox.Sqlite.Search;

/// <summary>A document as the columns of the term index: terms between spaces, pairs of syllables apart because they weigh less.</summary>
internal sealed record IndexTerms(string Title, string Tags, string Content, string Pairs, string Filters)
{
    /// <summary>A term's weight grows little with its repetition, its cost in full.</summary>
    private const int MostRepetitions = 3;

    public static IndexTerms Of(SearchDocument document)
    {
        var pairs = new HashSet<string>();
        var title = Words(document.Title, pairs);
        var content = Words(document.Content, pairs);
        var tags = Words(string.Join(' ', document.Tags), pairs);
        return new(title, tags, content, string.Join(' ', pairs), FiltersOf(document));
    }

    public static string CategoryFilter(long categoryId) => $"§c{categoryId}";

    public static string TagFilter(string tag) => $"§t{KoreanAnalyzer.NormalizeTag(tag)}";

    private static string FiltersOf(SearchDocument document) =>
        string.Join(' ', document.Tags.Select(TagFilter).Prepend(CategoryFilter(document.CategoryId)));

    private static string Words(string text, HashSet<string> pairs)
    {
        var words = new StringBuilder(text.Length * 2);
        var counts = new Dictionary<string, int>();
        foreach (var term in KoreanAnalyzer.Analyze(text))
            if (term.Kind == TermKind.Pair)
                pairs.Add(term.Text);
            else if ((counts[term.Text] = counts.GetValueOrDefault(term.Text) + 1) <= MostRepetitions)
                words.Append(term.Text).Append(' ');
        return words.ToString();
    }
}
