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

        var (nouns, verbs, compound) = Decide(source, word, forQuery);
        var shift = word.Length - source.Length;
        foreach (var noun in nouns)
        {
            if (noun.Length == 1 && word.Length > 1 && !Lexicon.ShortNouns.Contains(noun) || Lexicon.StopNouns.Contains(noun))
                continue;
            AddNoun(noun);
            if (SuffixedBase(noun) is { } bare)
                AddNoun(bare);
        }
        foreach (var verb in verbs)
            terms.Add(new(Loanwords.Normalize(verb) + "다", TermKind.Word, 0, source.Length));
        if (compound?.Length > 2)
            AddPairs(Loanwords.Normalize(compound), terms);
        return [.. terms.DistinctBy(term => (term.Text, term.Kind)).Select(Within)];

        void AddNoun(string noun) => terms.Add(new(Loanwords.Normalize(noun), TermKind.Word, 0, Math.Max(1, noun.Length - shift)));

        // another spelling may be longer than the source
        Term Within(Term term)
        {
            var start = Math.Min(term.Start, source.Length - 1);
            return term with { Start = start, Length = Math.Min(term.Length, source.Length - start) };
        }
    }

    /// <summary>Which of the possible readings to believe. A verb that nobody listed goes with the nouns, its stem being all that is known of it.</summary>
    /// <param name="source">As written: particles go by how a word sounds there.</param>
    /// <param name="word">In the standard spelling.</param>
    private static (List<string> Nouns, List<string> Verbs, string? Compound) Decide(string source, string word, bool forQuery)
    {
        var stems = new List<string>();
        var particle = Particles.Strip(source, stems);
        if (word != source)
        {
            stems = stems.ConvertAll(Loanwords.Respell);
            particle = Math.Max(particle, Particles.Strip(word, stems));
        }
        if (Lexicon.StopNouns.Contains(word) || particle > 0 && stems[0].Length > 1 && Lexicon.StopNouns.Contains(stems[0]))
            return ([], [], null);
        var compound = particle > 0 ? stems[0] : word;
        var reading = Verbs.Read(word);
        var known = reading.KnownStems.Where(stem => !Lexicon.StopVerbs.Contains(stem)).ToList();

        if (Lexicon.ProtectedNouns.Contains(word) || word.Length == 1 && Lexicon.ShortNouns.Contains(word))
            return ([word], [], word);
        if (stems.Find(Lexicon.ProtectedNouns.Contains) is { } listed)
            return ([listed], known, listed);
        if (reading.Nouns.Find(noun => noun.Length > 1) is { } active)
            return (reading.Nouns, known, active);
        if (reading.KnownStems.Count > 0)
        {
            var nominal = reading.Nominal || reading.Ending == Ending.None && word.Length == 2 && known.Count > 0;
            return (nominal ? [word, .. stems] : [], known, nominal ? compound : null);
        }
        if (reading is { Ending: Ending.Sure, UnknownStems.Count: > 0 } && particle < 2)
            return (reading.UnknownStems, [], reading.UnknownStems[0]);

        List<string> nouns = particle > 0 && !forQuery ? stems : [word, .. stems];
        nouns.AddRange(reading.Nouns);
        if (particle == 0)
            nouns.AddRange(reading.UnknownStems);
        return (nouns, [], compound);
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
