namespace FeedBox.Core.Search.Korean;

/// <summary>One run of Hangul between spaces, read in every way that is likely.</summary>
internal static class HangulWord
{
    private const int MaxLength = 40;

    /// <summary>The index terms of a word, with their place in it.</summary>
    /// <param name="forQuery">A query keeps doubtful readings as well: they cost nothing there.</param>
    public static Term[] Analyze(string source, bool forQuery)
    {
        var terms = new List<Term>();
        var word = Loanwords.Respell(source);
        if (word.Length > MaxLength)
        {
            AddPairs(word, terms);
            return [.. terms];
        }

        var nouns = new List<string>();
        var verbs = Verbs.Read(word);
        var stems = new List<string>();
        var sureNoun = Particles.Strip(word, stems);
        var whole = Lexicon.ProtectedNouns.Contains(word);
        var listed = whole ? word : stems.Find(Lexicon.ProtectedNouns.Contains);

        if (listed is not null)
        {
            nouns.Add(listed);
            if (!whole || word.Length > 2)
                verbs.UnknownStems.Clear();
            if (whole)
                verbs.Nouns.Clear();
        }
        else
        {
            nouns.AddRange(verbs.Nouns);
            var certainlyVerb = verbs.Sure && !verbs.Nominal && verbs is { KnownStems.Count: > 0 } or { Nouns.Count: > 0, Sure: true }
                || (verbs.Sure && verbs.UnknownStems.Count > 0 && !sureNoun);
            var probablyVerb = verbs.KnownStems.Count > 0 && word.Length > 2 && !verbs.Nominal;
            if (!certainlyVerb || forQuery && verbs.KnownStems.Count == 0)
            {
                if (!probablyVerb)
                {
                    if (!sureNoun || forQuery || stems.Count == 0)
                        nouns.Add(word);
                    nouns.AddRange(stems);
                }
                else if (sureNoun || forQuery)
                    nouns.AddRange(stems);
            }
        }
        if (verbs.KnownStems.Count > 0 || sureNoun && !verbs.Sure)
            verbs.UnknownStems.Clear();

        var shift = word.Length - source.Length;
        string? longest = null;
        foreach (var noun in nouns)
        {
            if (noun.Length == 1 && word.Length > 1 && !Lexicon.ShortNouns.Contains(noun) || Lexicon.StopNouns.Contains(noun))
                continue;
            terms.Add(new(Loanwords.Normalize(noun), TermKind.Word, 0, Math.Clamp(noun.Length - shift, 1, source.Length)));
            if (noun.Length > 2 && (longest is null || noun.Length < longest.Length))
                longest = noun;
            if (SuffixedBase(noun) is { } bare)
                terms.Add(new(Loanwords.Normalize(bare), TermKind.Word, 0, Math.Clamp(bare.Length - shift, 1, source.Length)));
        }
        foreach (var stem in verbs.KnownStems)
            if (!Lexicon.StopVerbs.Contains(stem))
                terms.Add(new(stem + "다", TermKind.Word, 0, source.Length));
        foreach (var stem in verbs.UnknownStems)
        {
            if (verbs.Sure || stem.Length > 1 && listed is null)
                terms.Add(new(Loanwords.Normalize(stem) + "다", TermKind.Word, 0, source.Length));
            if (stem.Length > 2 && longest is null)
                longest = stem;
        }
        if (longest is not null)
            AddPairs(Loanwords.Normalize(longest), terms);
        return [.. terms.DistinctBy(term => (term.Text, term.Kind, term.Kind == TermKind.Pair ? term.Start : 0))
            .Select(term => term with { Start = Math.Min(term.Start, source.Length - 1), Length = Math.Min(term.Length, source.Length - Math.Min(term.Start, source.Length - 1)) })];
    }

    /// <summary>경제적 → 경제, 깨끗이 → 깨끗.</summary>
    private static string? SuffixedBase(string noun) =>
        noun.Length > 2 && noun[^1] is '적' or '들' or '님' or '히' && !Lexicon.ProtectedNouns.Contains(noun) ? noun[..^1] : null;

    private static void AddPairs(string word, List<Term> terms)
    {
        for (var i = 0; i + 1 < word.Length; i++)
            terms.Add(new(word.Substring(i, 2), TermKind.Pair, i, 2));
    }
}
