using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace FeedBox.Core.Inspection;

/// <summary>What a text is about, in at most five words: the author's hashtags first, then its nouns, most telling first.</summary>
internal static partial class TagExtraction
{
    private const int LeastScore = 3;

    /// <summary>Longest first. The first group follows nouns only; the second also ends other words, so it proves less.</summary>
    private static readonly (string Particle, int Score)[] Particles =
    [
        ("에서는", 3), ("에서도", 3), ("에게서", 3), ("으로는", 3), ("으로도", 3), ("이라는", 3), ("에서", 3), ("으로", 2), ("까지", 2), ("부터", 2), ("에게", 3), ("처럼", 2),
        ("마다", 2), ("라는", 1), ("을", 3), ("를", 3), ("의", 2), ("에", 1), ("은", 1), ("는", 1), ("이", 1), ("가", 1), ("와", 1), ("과", 1), ("도", 1), ("로", 1), ("만", 1),
    ];

    private static readonly FrozenSet<string> Stopwords = """
        그것 이것 저것 우리 저희 자신 사람 때문 경우 정도 생각 이야기 방법 이유 까닭 다음 처음 마지막 오늘 어제 내일 지금 요즘 아침 저녁 점심 하루 이틀 사흘 나흘 한달 올해 작년
        가장 매우 아주 정말 너무 조금 많이 모두 전부 다시 먼저 함께 계속 그리고 그러나 하지만 그래서 또는 혹은 대한 위한 통해 따라 관련 여러 모든 어떤 이런 그런 저런 무엇 누구 언제 어디
        하나 다섯 가지 이번 다른 같은 이상 이하 사이 동안 순간 시간 시대 시작 사용 필요 가능 중요 대신 실제 결과 후기 것들 그대로 대부분 일부 옆에 위에 아래 앞에 뒤에 안에 밖에 자꾸 오래
        the and for with from that this have has are was were you your our their about into over not but how what when why will can one two
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Words that end like this are verbs, adjectives or adverbs.</summary>
    private static readonly string[] VerbEndings =
    [
        "다", "요", "까", "았", "었", "했", "하", "했고", "죠", "지만", "면서", "면", "아서", "어서", "여서", "려고", "려니", "는데", "은데", "하고", "하게", "하는", "하던", "했던", "해서", "하여", "하지", "되는", "되지", "되어", "스러운",
        "하기", "았던", "었던", "니까", "도록", "거나", "든지", "았고", "었고", "하면", "되면", "히", "았지", "었지", "는지", "자마자", "워야", "어야", "아야", "해야", "듯이", "다가", "아도", "어도", "해도", "라고", "다는",
    ];

    public static IReadOnlyList<string> Extract(string title, string content, int[]? category)
    {
        var tags = new List<string>(PostInspection.MaxTags);
        foreach (Match match in Hashtag().Matches($"{title}\n{content}"))
            Add(tags, match.Groups[1].Value);
        if (tags.Count == PostInspection.MaxTags)
            return tags;

        var scores = new Dictionary<string, (int Score, int Place)>(StringComparer.OrdinalIgnoreCase);
        Rate(scores, Hashtag().Replace(title, " "), weight: 2, category);
        Rate(scores, Hashtag().Replace(content, " "), weight: 1, category);
        foreach (var (word, (score, _)) in scores.OrderByDescending(entry => entry.Value.Score).ThenBy(entry => entry.Value.Place))
        {
            if (score < LeastScore || tags.Count == PostInspection.MaxTags)
                break;
            Add(tags, word);
        }
        return tags;
    }

    private static void Add(List<string> tags, string tag)
    {
        if (tags.Count < PostInspection.MaxTags && tag.Length <= PostInspection.MaxTagLength && !tags.Contains(tag, StringComparer.OrdinalIgnoreCase))
            tags.Add(tag);
    }

    private static void Rate(Dictionary<string, (int Score, int Place)> scores, string text, int weight, int[]? category)
    {
        foreach (Match match in Word().Matches(Link().Replace(text, " ")))
        {
            var (noun, score) = Noun(match.Value);
            var entry = CategoryVocabulary.Find(noun.ToLowerInvariant());
            if (entry is { Word.Length: > 1 })
                score += category is not null && entry.Categories.Intersect(category).Any() ? 3 : 1;
            if (entry is { IsNoun: true } && noun.Length > entry.Word.Length && "하해했한할합되된됐".Contains(noun[entry.Word.Length]))
                noun = entry.Word; // 기록해, 배포했: a noun made a verb
            var isVerb = entry is { IsNoun: false } || (entry?.Word.Length != noun.Length && VerbEndings.Any(noun.EndsWith));
            if (score == 0 || isVerb)
                continue;
            if (noun.Length < 2 || noun.Length > PostInspection.MaxTagLength || Stopwords.Contains(noun))
                continue;
            var (sum, place) = scores.GetValueOrDefault(noun, (0, scores.Count));
            scores[noun] = (sum + score * weight, place);
        }
    }

    /// <summary>The word without its particle, and how surely it is a noun: 0 for bare Korean words, of which most are not.</summary>
    private static (string Noun, int Score) Noun(string word)
    {
        if (char.IsAsciiLetter(word[0]))
            return (word, 1);
        foreach (var (particle, score) in Particles)
            if (word.Length >= particle.Length + 2 && word.EndsWith(particle, StringComparison.Ordinal) && Agrees(word[^(particle.Length + 1)], particle))
                return (word[..^particle.Length], score);
        return (word, 0);
    }

    /// <summary>Some particles come in two forms, one after a final consonant and one after a vowel.</summary>
    private static bool Agrees(char before, string particle)
    {
        if (before is < '가' or > '힣')
            return true;
        var final = (before - '가') % 28;
        return particle switch
        {
            "이" or "을" or "은" or "과" or "이라는" => final != 0,
            "가" or "를" or "는" or "와" or "라는" => final == 0,
            "으로" or "으로는" or "으로도" => final is not (0 or 8),
            "로" => final is 0 or 8,
            _ => true,
        };
    }

    [GeneratedRegex(@"(?<![\p{L}\p{Nd}])#([\p{L}\p{Nd}_]+)")]
    private static partial Regex Hashtag();

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Link();

    [GeneratedRegex(@"[가-힣]{2,}|[A-Za-z][A-Za-z0-9]{2,}")]
    private static partial Regex Word();
}
