using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace FeedBox.Core.Inspection;

/// <summary>
/// What no post may be, whatever its category: abuse, adverts, links without text, one thing over and over. Plain rules over tables,
/// so no wording of the text can talk them out of it; every inspector applies them.
/// </summary>
public static partial class Moderation
{
    private const int LettersPerLink = 60;

    /// <summary>The reason, in words for the author; null when nothing is wrong.</summary>
    public static string? FindViolation(string title, string content)
    {
        var links = 0;
        var text = Link().Replace(Fold($"{title}\n{content}"), _ => { links++; return " "; });
        var views = new Views(text);
        if (HasAbuse(views))
            return "욕설이나 비하하는 표현이 있습니다.";
        if (IsAdvert(views))
            return "도박·성인·대출·고수익 광고로 보입니다.";
        var letters = text.Count(char.IsLetter);
        if ((links > 0 && letters < 5) || (links >= 3 && letters < links * LettersPerLink))
            return "글에 비해 링크가 너무 많습니다.";
        if (IsRepetition(content))
            return "같은 글자나 말이 지나치게 되풀이됩니다.";
        return null;
    }

    private static bool HasAbuse(Views views) => ModerationTables.Abuse.Any(term => views.HasPlain(term) || views.HasDisguised(term));

    /// <summary>Who writes an advert's term in disguise knows why; plain terms are added up.</summary>
    private static bool IsAdvert(Views views)
    {
        var weight = 0;
        foreach (var (term, own) in ModerationTables.Adverts)
        {
            if (views.HasPlain(term))
                weight += own;
            else if (own > 1 && views.HasDisguised(term))
                return true;
        }
        return weight >= ModerationTables.AdvertThreshold;
    }

    private static bool IsRepetition(string content)
    {
        var characters = content.Where(c => !char.IsWhiteSpace(c)).ToArray();
        if (characters.Length < 20)
            return false;
        if (characters.CountBy(c => c).Max(c => c.Value) * 2 > characters.Length)
            return true;
        var words = content.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words.Length >= 10 && words.CountBy(word => word).Max(word => word.Value) * 2 > words.Length;
    }

    /// <summary>Capitals, full-width letters and invisible characters are the simplest disguises.</summary>
    private static string Fold(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in text)
            if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.Format)
                folded.Append(char.ToLowerInvariant(c is >= '\uFF01' and <= '\uFF5E' ? (char)(c - 0xFEE0) : c));
        return folded.ToString();
    }

    [GeneratedRegex(@"(https?://|www\.)\S+")]
    private static partial Regex Link();

    /// <summary>One text as it is written, and as it reads when a disguise is taken off.</summary>
    private sealed class Views
    {
        private readonly string _text;
        private readonly string _withoutSpaces;
        private readonly string _withoutSigns;
        private readonly string _spelledOut;

        public Views(string text)
        {
            foreach (var innocent in ModerationTables.Innocent)
                text = text.Replace(innocent, "\n");
            _text = text;
            _withoutSpaces = Keep(text, c => !char.IsWhiteSpace(c));
            _withoutSigns = Keep(text, c => char.IsLetter(c) || char.IsWhiteSpace(c) || c is ',' or '.' or '!' or '?');
            _spelledOut = JoinSpelledOut(text);
        }

        /// <summary>Korean compounds are written with or without spaces, so longer terms are looked for without them.</summary>
        public bool HasPlain(string term) => char.IsAsciiLetter(term[0])
            ? HasWord(_text, term)
            : (term.Length > 3 ? _withoutSpaces : _text).Contains(term, StringComparison.Ordinal);

        /// <summary>"카*지*노", "카1지노" or, letter by letter, "카 지 노", "카.지.노", "f u c k".</summary>
        public bool HasDisguised(string term)
        {
            if (char.IsAsciiLetter(term[0]))
                return HasWord(_spelledOut, term);
            return _withoutSigns.Contains(term, StringComparison.Ordinal)
                || _spelledOut.Contains(term.Length > 2 ? term : $"\n{term}", StringComparison.Ordinal);
        }

        private static bool HasWord(string text, string word)
        {
            for (var at = text.IndexOf(word, StringComparison.Ordinal); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.Ordinal))
            {
                var end = at + word.Length;
                if ((at == 0 || !char.IsLetter(text[at - 1])) && (end == text.Length || !char.IsLetter(text[end])))
                    return true;
            }
            return false;
        }

        private static string Keep(string text, Predicate<char> keep)
        {
            var kept = new StringBuilder(text.Length);
            foreach (var c in text)
                if (keep(c))
                    kept.Append(c);
            return kept.ToString();
        }

        /// <summary>Only what stands alone letter by letter, joined, a line for each ("카 지 노를 하자" gives "카지노를"): in "역시 발전" no letter does.</summary>
        private static string JoinSpelledOut(string text)
        {
            var joined = new StringBuilder("\n");
            var alone = 0;
            foreach (var word in Word().EnumerateMatches(text))
            {
                if (word.Length == 1)
                {
                    joined.Append(text[word.Index]);
                    alone++;
                    continue;
                }
                if (alone > 1 && !char.IsAsciiLetter(text[word.Index]))
                    joined.Append(text, word.Index, word.Length);
                if (alone > 0)
                    joined.Append('\n');
                alone = 0;
            }
            return joined.ToString();
        }
    }

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex Word();
}
