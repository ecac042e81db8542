using FeedBox.Core.Search;
using FeedBox.Core.Search.Korean;

namespace FeedBox.Sqlite.Search;

/// <summary>A query in FTS5's language. What the user typed gets into it only as quoted terms that the analyzer made.</summary>
internal static class MatchExpression
{
    /// <summary>Expressions without a common match, better ones first; none when there is nothing to match.</summary>
    public static IReadOnlyList<string> Tiers(SearchText text, SearchQuery query)
    {
        var words = text.Words.Select(Word).ToList();
        var filters = Filters(query);
        if (words.Count == 0)
            return filters.Count == 0 ? [] : [string.Join(" AND ", filters)];

        var all = string.Join(" AND ", words);
        var some = string.Join(" OR ", words.Concat(text.Words.SelectMany(word => word.Parts).Select(All)));
        var tiers = new List<string> { Within(all) };
        if (some != all)
            tiers.Add($"{Within(some)} NOT ({all})");
        return tiers;

        string Within(string expression) => string.Join(" AND ", [.. filters, $"({expression})"]);
    }

    private static string Word(QueryWord word)
    {
        var ways = word.Terms.Select(Quote).ToList();
        ways.AddRange(word.Splits.Select(split => All([split.Left, split.Right])));
        if (word.Pairs.Count > 0)
            ways.Add(All(word.Pairs));
        return $"({string.Join(" OR ", ways)})";
    }

    private static string All(IEnumerable<string> terms) => $"({string.Join(" AND ", terms.Select(Quote))})";

    private static List<string> Filters(SearchQuery query)
    {
        var filters = new List<string>();
        if (query.CategoryId is { } category)
            filters.Add($"filters:{Quote(IndexTerms.CategoryFilter(category))}");
        if (query.Tag is { } tag)
            filters.Add($"filters:{Quote(IndexTerms.TagFilter(tag))}");
        return filters;
    }

    private static string Quote(string term) => $"\"{term.Replace("\"", "\"\"")}\"";
}
