using System.Text.RegularExpressions;

namespace FeedBox.Core.Inspection;

/// <summary>
/// Judges by rules and tables alone, in Korean and English: the same text always gets the same verdict, without any network.
/// It is lenient: a text is out of place only when nothing in it belongs to its category and much of it to another.
/// </summary>
public sealed partial class OfflineInspector : IPostInspector
{
    private const int ClearlyElsewhere = 3;

    public string Name => "offline";

    public Task<InspectionVerdict> InspectAsync(InspectionRequest request, CancellationToken cancellationToken) => Task.FromResult(Inspect(request));

    private static InspectionVerdict Inspect(InspectionRequest request)
    {
        var (category, title, content) = request;
        var reason = Moderation.FindViolation(title, content) ?? FindMisplacement(category, $"{title}\n{content}");
        return reason is null
            ? new(true, TagExtraction.Extract(title, content, CategoryVocabulary.Of(category)), null)
            : new(false, [], reason);
    }

    private static string? FindMisplacement(string category, string text)
    {
        if (CategoryVocabulary.Of(category) is not { } own)
            return null;
        var found = CategoryVocabulary.Categories.Select(_ => new HashSet<string>()).ToArray();
        foreach (var match in Word().EnumerateMatches(text))
            if (CategoryVocabulary.Find(text.Substring(match.Index, match.Length).ToLowerInvariant()) is { } entry)
                foreach (var of in entry.Categories)
                    found[of].Add(entry.Word);
        if (own.Any(of => found[of].Count > 0))
            return null;
        var likeliest = Enumerable.Range(0, found.Length).MaxBy(of => found[of].Count);
        return found[likeliest].Count < ClearlyElsewhere
            ? null
            : $"'{category}' 카테고리와 맞지 않습니다. '{CategoryVocabulary.Categories[likeliest]}'에 더 가까워 보입니다.";
    }

    [GeneratedRegex(@"[가-힣]+|[A-Za-z]+")]
    private static partial Regex Word();
}
