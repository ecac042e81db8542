using System.Collections.Frozen;

namespace FeedBox.Core.Search.Korean;

/// <summary>One spelling for loanwords that people spell in several ways.</summary>
internal static class Loanwords
{
    private static readonly WordTable Table = WordTable.Load("loanwords");
    private static readonly FrozenDictionary<string, string> Whole = Pairs("").Concat(Pairs("whole")).ToFrozenDictionary();
    private static readonly FrozenDictionary<char, KeyValuePair<string, string>[]> Parts = Pairs("")
        .GroupBy(pair => pair.Key[0])
        .ToFrozenDictionary(group => group.Key, group => group.OrderByDescending(pair => pair.Key.Length).ToArray());

    /// <summary>The word with every listed variant in it replaced.</summary>
    public static string Respell(string word)
    {
        for (var i = 0; i + 1 < word.Length; i++)
            if (Parts.TryGetValue(word[i], out var candidates))
                foreach (var (variant, standard) in candidates)
                    if (string.CompareOrdinal(word, i, variant, 0, variant.Length) == 0
                        && string.CompareOrdinal(word, i, standard, 0, Math.Max(variant.Length, standard.Length)) != 0)
                    {
                        word = string.Concat(word.AsSpan(0, i), standard, word.AsSpan(i + variant.Length));
                        i += standard.Length - 1;
                        break;
                    }
        return word;
    }

    /// <summary>The index form of a stem: its standard spelling, and no difference between 져 and 저, 쥬 and 주, which sound alike.</summary>
    public static string Normalize(string stem)
    {
        if (Whole.TryGetValue(stem, out var standard))
            stem = standard;
        var i = 0;
        while (i < stem.Length && Plain(stem[i]) == stem[i])
            i++;
        return i == stem.Length ? stem : string.Create(stem.Length, stem, (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
                target[i] = Plain(source[i]);
        });
    }

    private static char Plain(char syllable)
    {
        if (!Hangul.IsSyllable(syllable) || Hangul.Initial(syllable) is not ('ㅈ' or 'ㅉ' or 'ㅊ'))
            return syllable;
        var plain = Hangul.Vowel(syllable) switch { 'ㅑ' => 'ㅏ', 'ㅕ' => 'ㅓ', 'ㅛ' => 'ㅗ', 'ㅠ' => 'ㅜ', 'ㅖ' => 'ㅔ', 'ㅒ' => 'ㅐ', _ => '\0' };
        return plain == '\0' ? syllable : Hangul.Compose(Hangul.Initial(syllable), plain, Hangul.Final(syllable));
    }

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string section) =>
        from line in Table.Lines(section)
        from variant in line.Skip(1)
        select KeyValuePair.Create(variant, line[0]);
}
