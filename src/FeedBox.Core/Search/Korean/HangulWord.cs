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

        var (nouns, verbs) = Decide(word, forQuery);

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
        foreach (var verb in verbs)
            terms.Add(new(Loanwords.Normalize(verb) + "다", TermKind.Word, 0, source.Length));
        if (longest is not null)
            AddPairs(Loanwords.Normalize(longest), terms);
        return [.. terms.DistinctBy(term => (term.Text, term.Kind, term.Kind == TermKind.Pair ? term.Start : 0))
            .Select(term => term with { Start = Math.Min(term.Start, source.Length - 1), Length = Math.Min(term.Length, source.Length - Math.Min(term.Start, source.Length - 1)) })];
    }

    /// <summary>Which of the possible readings to believe. A verb that nobody listed goes with the nouns, its stem being all that is known of it.</summary>
    private static (List<string> Nouns, List<string> Verbs) Decide(string word, bool forQuery)
    {
        var stems = new List<string>();
        var particle = Particles.Strip(word, stems);
        var reading = Verbs.Read(word);
        var known = reading.KnownStems.Where(stem => !Lexicon.StopVerbs.Contains(stem)).ToList();

        if (Lexicon.ProtectedNouns.Contains(word))
            return ([word], []);
        if (stems.Find(Lexicon.ProtectedNouns.Contains) is { } listed)
            return ([listed], known);
        if (reading.Nouns.Exists(noun => noun.Length > 1))
            return (reading.Nouns, known);
        if (reading.KnownStems.Count > 0 && (reading.Nominal || reading.Ending == Ending.None && word.Length == 2 && known.Count > 0))
            return ([word, .. stems], known);
        if (word.Length == 1 && Lexicon.ShortNouns.Contains(word))
            return ([word], []);
        if (reading.KnownStems.Count > 0)
            return ([], known);
        if (reading is { Ending: Ending.Sure, UnknownStems.Count: > 0 } && particle < 2)
            return (reading.UnknownStems, []);

        List<string> nouns = particle > 0 && !forQuery ? stems : [word, .. stems];
        nouns.AddRange(reading.Nouns);
        if (particle == 0)
            nouns.AddRange(reading.UnknownStems);
        return (nouns, []);
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
