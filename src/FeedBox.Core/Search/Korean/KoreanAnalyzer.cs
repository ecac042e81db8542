using System.Collections.Concurrent;

namespace FeedBox.Core.Search.Korean;

/// <summary>
/// Korean text as index terms, in the same way for documents and queries: particles and endings stripped, irregular stems,
/// loanwords and Hanja brought to one spelling, long stems also as pairs of syllables, Latin words stemmed.
/// </summary>
public static class KoreanAnalyzer
{
    /// <summary>Raised with every change that gives a text other terms; an index keeps it to know what to analyze again.</summary>
    public const int Version = 1;

    private const int MaxLatinLength = 64;
    private const int RememberedWords = 32_768;

    // a few thousand words make up most of any text, so most words have been read before
    private static readonly ConcurrentDictionary<string, Term[]> Read = new();
    private static readonly ConcurrentDictionary<string, Term[]>.AlternateLookup<ReadOnlySpan<char>> ReadBySpan = Read.GetAlternateLookup<ReadOnlySpan<char>>();
    private static int _remembered;

    /// <summary>The terms of a document's text with their place in it, in the order of the text.</summary>
    public static List<Term> Analyze(string text)
    {
        var folded = FoldedText.Of(text);
        var terms = new List<Term>(text.Length / 2);
        foreach (var run in Run.Split(folded.Text))
            switch (run.Kind)
            {
                case RunKind.Hangul:
                    foreach (var term in ReadWord(run.Text))
                        Add(term.Text, term.Kind, run.Start + term.Start, term.Length);
                    break;
                case RunKind.Counted:
                    Add(run.Text.ToString().Replace(",", ""), TermKind.Word, run.Start, run.Length);
                    break;
                default:
                    foreach (var latin in ReadLatin(run.Text))
                        Add(latin, TermKind.Word, run.Start, run.Length);
                    break;
            }
        return terms;

        void Add(string term, TermKind kind, int start, int length)
        {
            var source = folded.Source(start, length);
            terms.Add(new(term, kind, source.Start, source.Length));
        }
    }

    /// <summary>The words of a query, each with every term that may stand for it. Words without meaning of their own are left out.</summary>
    public static List<QueryWord> AnalyzeQuery(string text)
    {
        var words = new List<QueryWord>();
        foreach (var run in Run.Split(FoldedText.Of(text).Text))
        {
            var word = run.Kind switch
            {
                RunKind.Hangul => QueryWord.Of(run.Text.ToString(), HangulWord.Analyze(run.Text.ToString(), forQuery: true)),
                RunKind.Counted => new(run.Text.ToString(), [run.Text.ToString().Replace(",", "")], [], []),
                _ => new(run.Text.ToString(), [.. ReadLatin(run.Text).Take(1)], [], []),
            };
            if (word.Terms.Count + word.Pairs.Count > 0 && !words.Any(other => other.Text == word.Text))
                words.Add(word);
        }
        return words;
    }

    /// <summary>A tag as it is compared: spelling of characters and loanwords folded, spaces, case and punctuation ignored.</summary>
    public static string NormalizeTag(string tag) =>
        Loanwords.Normalize(Loanwords.Respell(string.Concat(FoldedText.Of(tag).Text.Where(char.IsLetterOrDigit))));

    private static Term[] ReadWord(ReadOnlySpan<char> word)
    {
        if (ReadBySpan.TryGetValue(word, out var terms))
            return terms;
        var text = word.ToString();
        terms = HangulWord.Analyze(text, forQuery: false);
        if (Interlocked.Increment(ref _remembered) > RememberedWords)
        {
            Read.Clear();
            _remembered = 0;
        }
        Read.TryAdd(text, terms);
        return terms;
    }

    /// <summary>The word itself, and letters and number of one like gpt4 apart as well.</summary>
    private static List<string> ReadLatin(ReadOnlySpan<char> run)
    {
        var word = (run.Length > MaxLatinLength ? run[..MaxLatinLength] : run).ToString().Replace(",", "");
        if (Lexicon.StopLatin.Contains(word))
            return [];
        List<string> terms = [English.Stem(word.Replace("#", "sharp").Replace("+", "p"))];
        var digits = word.AsSpan().IndexOfAnyInRange('0', '9');
        if (digits > 0 && char.IsAsciiLetter(word[0]) && word.AsSpan(digits).IndexOfAnyExceptInRange('0', '9') < 0)
        {
            terms.Add(word[..digits]);
            terms.Add(word[digits..]);
        }
        return terms;
    }
}

/// <param name="Terms">Any of them is the word.</param>
/// <param name="Pairs">All of them together may be it, inside a compound.</param>
/// <param name="Splits">Two words that together may be it, as it is often spelled apart.</param>
public sealed record QueryWord(string Text, IReadOnlyList<string> Terms, IReadOnlyList<string> Pairs, IReadOnlyList<(string Left, string Right)> Splits)
{
    /// <summary>Pairs that together stand for a good part of a compound: three syllables in a row, or either half of four.</summary>
    public IEnumerable<IReadOnlyList<string>> Parts =>
        Pairs.Count == 3
            ? [[Pairs[0]], [Pairs[2]]]
            : Enumerable.Range(0, Math.Max(0, Pairs.Count - 1)).Select(i => (IReadOnlyList<string>)[Pairs[i], Pairs[i + 1]]);

    private const int LongestSplit = 8;

    internal static QueryWord Of(string text, Term[] terms)
    {
        var stems = terms.Where(term => term.Kind == TermKind.Word).Select(term => term.Text).ToList();
        var pairs = terms.Where(term => term.Kind == TermKind.Pair).Select(term => term.Text).ToList();
        var splits = new List<(string, string)>();
        foreach (var stem in stems.Where(stem => stem.Length is >= 4 and <= LongestSplit && !stem.EndsWith('다')))
            for (var i = 2; i <= stem.Length - 2; i++)
                splits.Add((stem[..i], stem[i..]));
        return new(text, stems, pairs, splits);
    }
}
