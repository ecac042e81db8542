using System.Collections.Frozen;

namespace FeedBox.Core.Search.Korean;

/// <summary>Takes particles and the copula off nouns.</summary>
internal static class Particles
{
    [Flags]
    private enum After { None = 0, Vowel = 1, Rieul = 2, OtherFinal = 4, Final = Rieul | OtherFinal, Any = Vowel | Final }

    private const int MaxLength = 6;
    private static readonly WordTable Table = WordTable.Load("particles");
    private static readonly FrozenDictionary<string, After> All = LoadAll();
    private static readonly FrozenDictionary<string, After>.AlternateLookup<ReadOnlySpan<char>> Lookup = All.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string> Stacked = Table.Set("stacked");
    private static readonly FrozenSet<string> Sure = Table.Set("sure");

    /// <summary>Adds every stem that the word may have, and returns the length of the longest particle that nouns do not end in by chance.</summary>
    public static int Strip(string word, List<string> stems) => Strip(word, stems, outermost: true, depth: 0);

    /// <summary>True when all of the text can be particles, as behind a Latin word.</summary>
    public static bool IsParticle(ReadOnlySpan<char> text) => Lookup.ContainsKey(text);

    private static int Strip(string word, List<string> stems, bool outermost, int depth)
    {
        var sure = 0;
        for (var length = Math.Min(MaxLength, word.Length - 1); length > 0; length--)
        {
            var stem = word[..^length];
            if (!Lookup.TryGetValue(word.AsSpan(stem.Length), out var after) || (after & Sound(stem[^1])) == 0)
                continue;
            var particle = word[stem.Length..];
            if (!outermost && !Stacked.Contains(particle))
                continue;
            if (Sure.Contains(particle))
                sure = Math.Max(sure, length);
            if (!stems.Contains(stem))
                stems.Add(stem);
            if (depth < 3 && stem.Length > 1 && !Lexicon.ProtectedNouns.Contains(stem))
                sure = Math.Max(sure, Strip(stem, stems, outermost: false, depth + 1));
        }
        return sure;
    }

    private static After Sound(char syllable) =>
        Hangul.Final(syllable) switch { Hangul.NoFinal => After.Vowel, 'ㄹ' => After.Rieul, _ => After.OtherFinal };

    private static FrozenDictionary<string, After> LoadAll()
    {
        var all = new Dictionary<string, After>();
        void Add(string section, After after)
        {
            foreach (var particle in Table.Words(section))
                all[particle] = all.GetValueOrDefault(particle) | after;
        }
        Add("after-any", After.Any);
        Add("after-final", After.Final);
        Add("after-vowel", After.Vowel);
        Add("after-vowel-or-rieul", After.Vowel | After.Rieul);
        return all.ToFrozenDictionary();
    }
}
