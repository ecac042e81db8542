using System.Collections.Frozen;

namespace FeedBox.Core.Search.Korean;

/// <summary>The words that rules alone would get wrong. The tables under Data say what each list is for.</summary>
internal static class Lexicon
{
    private static readonly WordTable Nouns = WordTable.Load("nouns");
    private static readonly WordTable Verbs = WordTable.Load("verbs");
    private static readonly WordTable Stop = WordTable.Load("stopwords");

    public static readonly FrozenSet<string> ProtectedNouns = Nouns.Set("protected");
    public static readonly FrozenSet<string> ShortNouns = Nouns.Set("short");
    public static readonly FrozenSet<string> StopNouns = Stop.Set("nouns");
    public static readonly FrozenSet<string> StopVerbs = Stop.Set("verbs");
    public static readonly FrozenSet<string> StopLatin = Stop.Set("latin");
    public static readonly FrozenSet<string> Counters = WordTable.Load("units").Set("");

    public static readonly FrozenSet<string> DIrregular = Verbs.Set("d");
    public static readonly FrozenSet<string> SIrregular = Verbs.Set("s");
    public static readonly FrozenSet<string> BIrregular = Verbs.Set("b");
    public static readonly FrozenSet<string> RIrregular = Verbs.Set("r");
    public static readonly FrozenSet<string> EuDropping = Verbs.Set("eu");
    public static readonly FrozenSet<string> HIrregular = Verbs.Set("h");
    public static readonly FrozenSet<string> ReoIrregular = Verbs.Set("reo");
    public static readonly FrozenSet<string> KnownVerbs = Verbs.Set("regular", "d", "s", "b", "r", "eu", "h", "reo", "u");

    /// <summary>Whether the stem is ㅂ-irregular, 스럽- and the like included.</summary>
    public static bool IsBIrregular(string stem) =>
        BIrregular.Contains(stem) || (stem.Length > 2 && stem[^1] is '럽' && stem[^2] is '스');
}
