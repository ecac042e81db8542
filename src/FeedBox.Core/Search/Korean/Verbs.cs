using System.Collections.Frozen;

namespace FeedBox.Core.Search.Korean;

/// <summary>What an inflected word may come from: stems of verbs, nouns under 하다 and its like.</summary>
internal sealed class VerbReading
{
    public List<string> KnownStems { get; } = [];
    public List<string> UnknownStems { get; } = [];
    public List<string> Nouns { get; } = [];

    /// <summary>The ending is one that nouns do not have.</summary>
    public bool Sure { get; set; }

    /// <summary>The word may be a noun made of a verb, as 그림 or 달리기.</summary>
    public bool Nominal { get; set; }
}

/// <summary>
/// Takes endings off verbs and adjectives, contractions and irregular stems undone. Works without a dictionary;
/// a list of known stems settles what is irregular, and which short words are verbs at all.
/// </summary>
internal static class Verbs
{
    [Flags]
    private enum Form { None = 0, Plain = 1, Eu = 2, A = 4, PlainSure = 8, EuSure = 16, ASure = 32 }

    private const int MaxEnding = 5;
    private static readonly WordTable Table = WordTable.Load("endings");
    private static readonly FrozenDictionary<string, Form> Endings = LoadEndings();
    private static readonly FrozenDictionary<string, Form>.AlternateLookup<ReadOnlySpan<char>> Lookup = Endings.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly string[] Auxiliaries = [.. Table.Words("auxiliary").OrderByDescending(word => word.Length)];
    private static readonly string[] NounVerbs = ["시키", "당하", "드리", "하", "되", "받"];
    private static readonly string[] NounAdjectives = ["스럽", "롭", "답"];

    public static VerbReading Read(string word)
    {
        var reading = new VerbReading();
        Span<char> ending = stackalloc char[MaxEnding + 1];
        for (var length = Math.Min(MaxEnding, word.Length - 1); length >= 0; length--)
        {
            var rest = word.Length - length;
            if (length > 0 && Lookup.TryGetValue(word.AsSpan(rest), out var form))
                Strip(word[..rest], form, closed: Hangul.NoFinal, word[rest], reading);
            if (Hangul.Final(word[rest - 1]) is not Hangul.NoFinal and var final)
            {
                ending[0] = final;
                word.AsSpan(rest).CopyTo(ending[1..]);
                if (Lookup.TryGetValue(ending[..(length + 1)], out form))
                    Strip(Hangul.EndingWith(word[..rest], Hangul.NoFinal), form, closed: final, final, reading);
            }
        }
        if (word.Length > 1)
            OnA(word, sure: false, reading);
        return reading;
    }

    private static void Strip(string stem, Form form, char closed, char first, VerbReading reading)
    {
        var dropsRieul = closed is 'ㄴ' or 'ㅂ' or 'ㄹ' || (closed == Hangul.NoFinal && Hangul.Initial(first) is 'ㄴ' or 'ㅅ' or 'ㅇ');
        if ((form & (Form.Plain | Form.PlainSure)) != 0)
        {
            if (first is '기')
                reading.Nominal = true;
            OnPlain(stem, (form & Form.PlainSure) != 0, dropsRieul, reading);
        }
        if ((form & (Form.Eu | Form.EuSure)) != 0)
        {
            if (closed is 'ㅁ')
                reading.Nominal = true;
            OnEu(stem, (form & Form.EuSure) != 0, dropsRieul, closed, reading);
        }
        if ((form & (Form.A | Form.ASure)) != 0)
            OnA(stem, (form & Form.ASure) != 0, reading);
    }

    /// <summary>What 고, 지, 다 … stand on: the stem itself, or one with 겠, 시 or the past in it.</summary>
    private static void OnPlain(string stem, bool sure, bool dropsRieul, VerbReading reading)
    {
        if (stem.Length > 1 && stem[^1] == '겠')
        {
            OnPlain(stem[..^1], sure: true, dropsRieul: false, reading);
            return;
        }
        if (stem[^1] != '있' && Hangul.Final(stem[^1]) == 'ㅆ')
        {
            OnA(Hangul.EndingWith(stem, Hangul.NoFinal), sure: true, reading);
            return;
        }
        if (stem.Length > 1 && stem[^1] == '시')
            OnEu(stem[..^1], sure, dropsRieul: true, Hangul.NoFinal, reading);
        Add(stem, sure, reading);
        if (dropsRieul && Hangul.IsOpen(stem))
            AddIfKnown(Hangul.EndingWith(stem, 'ㄹ'), sure, reading);
    }

    /// <summary>What 면, 니, ㄴ, ㄹ, ㅂ니다 … stand on, 으 still being there if it was.</summary>
    private static void OnEu(string stem, bool sure, bool dropsRieul, char closed, VerbReading reading)
    {
        var last = stem[^1];
        if (last == '으' && stem.Length > 1)
        {
            var bare = stem[..^1];
            if (Hangul.IsOpen(bare))
            {
                AddIfIrregular(Hangul.EndingWith(bare, 'ㅅ'), Lexicon.SIrregular, sure, reading);
                AddIfIrregular(stem, Lexicon.EuDropping, sure, reading);
            }
            else
            {
                if (Hangul.Final(bare[^1]) == 'ㄹ')
                    AddIfIrregular(Hangul.EndingWith(bare, 'ㄷ'), Lexicon.DIrregular, sure, reading);
                OnPlain(bare, sure, dropsRieul: false, reading);
            }
            return;
        }
        if (last == '우' && stem.Length > 1 && Hangul.IsOpen(stem[..^1]) && Hangul.EndingWith(stem[..^1], 'ㅂ') is var b && Lexicon.IsBIrregular(b))
        {
            Add(b, sure, reading);
            return;
        }
        if (Hangul.HasFinal(last) && Hangul.Final(last) != 'ㄹ')
            return;
        if (last == '시' && stem.Length > 1)
            OnEu(stem[..^1], sure, dropsRieul: true, Hangul.NoFinal, reading);
        if (Hangul.IsOpen(stem))
        {
            if (dropsRieul)
                AddIfKnown(Hangul.EndingWith(stem, 'ㄹ'), sure, reading);
            AddIfIrregular(Hangul.EndingWith(stem, 'ㅎ'), Lexicon.HIrregular, sure, reading);
        }
        Add(stem, sure, reading);
    }

    /// <summary>What 서, 도, 요 and the past stand on: the 아/어 form, contracted or not.</summary>
    private static void OnA(string form, bool sure, VerbReading reading)
    {
        var last = form[^1];
        if (Hangul.HasFinal(last))
            return;
        var before = form[..^1];
        var (initial, vowel) = (Hangul.Initial(last), Hangul.Vowel(last));
        var open = Hangul.IsOpen(before);
        string With(char other) => before + Hangul.WithVowel(last, other);

        switch (vowel)
        {
            case 'ㅏ' or 'ㅓ' when initial == 'ㅇ' && before.Length > 0:
                if (open)
                    AddIfIrregular(Hangul.EndingWith(before, 'ㅅ'), Lexicon.SIrregular, sure, reading);
                else if (Hangul.Final(before[^1]) == 'ㄹ')
                    AddIfIrregular(Hangul.EndingWith(before, 'ㄷ'), Lexicon.DIrregular, sure, reading);
                AddIfIrregular(With('ㅡ'), Lexicon.EuDropping, sure, reading);
                OnPlain(before, sure, dropsRieul: false, reading);
                break;
            case 'ㅏ' or 'ㅓ':
                if (initial == 'ㄹ' && before.Length > 0 && Hangul.Final(before[^1]) == 'ㄹ')
                {
                    AddIfIrregular(Hangul.EndingWith(before, Hangul.NoFinal) + '르', Lexicon.RIrregular, sure, reading);
                    AddIfIrregular(With('ㅡ'), Lexicon.EuDropping, sure, reading);
                }
                else
                    AddIfIrregular(With('ㅡ'), Lexicon.EuDropping, sure, reading);
                if (last == '러')
                    AddIfIrregular(before, Lexicon.ReoIrregular, sure, reading);
                if (last == '퍼')
                    AddIfKnown(before + '푸', sure, reading);
                Add(form, sure, reading);
                break;
            case 'ㅐ':
                if (initial == 'ㅎ')
                    Add(before + '하', sure, reading);
                AddIfIrregular(Hangul.EndingWith(With('ㅏ'), 'ㅎ'), Lexicon.HIrregular, sure, reading);
                AddIfIrregular(Hangul.EndingWith(With('ㅓ'), 'ㅎ'), Lexicon.HIrregular, sure, reading);
                if (initial != 'ㅎ')
                    Add(form, sure, reading);
                break;
            case 'ㅒ':
                AddIfIrregular(Hangul.EndingWith(With('ㅑ'), 'ㅎ'), Lexicon.HIrregular, sure, reading);
                break;
            case 'ㅔ' or 'ㅖ':
                AddIfIrregular(Hangul.EndingWith(With(vowel == 'ㅔ' ? 'ㅓ' : 'ㅕ'), 'ㅎ'), Lexicon.HIrregular, sure, reading);
                Add(form, sure, reading);
                break;
            case 'ㅕ':
                if (last == '여' && before.EndsWith('하'))
                    Add(before, sure, reading);
                var withI = With('ㅣ');
                if (withI.Length > 1 && withI[^1] == '시')
                    OnEu(before, sure, dropsRieul: true, Hangul.NoFinal, reading);
                Add(withI, sure, reading);
                AddIfKnown(form, sure, reading);
                break;
            case 'ㅘ' or 'ㅝ':
                if (initial == 'ㅇ' && open && Hangul.EndingWith(before, 'ㅂ') is var b && Lexicon.IsBIrregular(b))
                    Add(b, sure, reading);
                else
                    Add(With(vowel == 'ㅘ' ? 'ㅗ' : 'ㅜ'), sure, reading);
                break;
            case 'ㅙ':
                Add(With('ㅚ'), sure, reading);
                break;
            default:
                if (vowel == 'ㅞ')
                    Add(form, sure, reading);
                break;
        }
    }

    private static void AddIfIrregular(string stem, FrozenSet<string> irregular, bool sure, VerbReading reading)
    {
        if (irregular.Contains(stem) || irregular.Contains(WithoutPrefixVerb(stem)))
            Add(stem, sure, reading);
    }

    private static void AddIfKnown(string stem, bool sure, VerbReading reading)
    {
        if (Lexicon.KnownVerbs.Contains(stem))
            Add(stem, sure, reading);
    }

    /// <summary>The last verb of a compound such as 주워듣: what follows its 아/어 form.</summary>
    private static string WithoutPrefixVerb(string stem) => stem.Length > 2 ? stem[^2..] : stem;

    private static void Add(string stem, bool sure, VerbReading reading)
    {
        reading.Sure |= sure && (stem.Length > 1 || Lexicon.KnownVerbs.Contains(stem));
        if (Lexicon.KnownVerbs.Contains(stem))
        {
            AddTo(reading.KnownStems, stem);
            return;
        }
        if (stem.Length == 1)
            return;

        foreach (var negation in (ReadOnlySpan<string>)["지않", "지못하", "지말", "고있", "고싶", "고계시", "고나"])
            if (stem.Length > negation.Length && stem.EndsWith(negation, StringComparison.Ordinal))
            {
                OnPlain(stem[..^negation.Length], sure: true, dropsRieul: false, reading);
                return;
            }

        foreach (var auxiliary in Auxiliaries)
            if (stem.Length > auxiliary.Length && stem.EndsWith(auxiliary, StringComparison.Ordinal) && stem[..^auxiliary.Length] is var main
                && main.Length + auxiliary.Length > 2 && IsAForm(main))
            {
                OnA(main, sure, reading);
                AddTo(reading.UnknownStems, stem);
                return;
            }

        foreach (var verb in NounVerbs)
            if (stem.EndsWith(verb, StringComparison.Ordinal) && stem.Length > verb.Length)
            {
                var noun = stem[..^verb.Length];
                if (noun.Length > 2 && noun[^1] is '을' or '를')
                    noun = noun[..^1];
                if (noun.Length > 1)
                {
                    AddTo(reading.Nouns, noun);
                    return;
                }
                if (Lexicon.ShortNouns.Contains(noun))
                    AddTo(reading.Nouns, noun);
            }

        foreach (var adjective in NounAdjectives)
            if (stem.Length > adjective.Length + 1 && stem.EndsWith(adjective, StringComparison.Ordinal))
            {
                AddTo(reading.Nouns, stem[..^adjective.Length]);
                AddTo(reading.KnownStems, stem);
                return;
            }

        AddTo(reading.UnknownStems, stem);
    }

    private static bool IsAForm(string form)
    {
        var reading = new VerbReading();
        OnA(form, sure: false, reading);
        return reading.KnownStems.Count > 0 || form is [.., '해' or '돼'] and { Length: > 1 };
    }

    private static void AddTo(List<string> stems, string stem)
    {
        if (!stems.Contains(stem))
            stems.Add(stem);
    }

    private static FrozenDictionary<string, Form> LoadEndings()
    {
        var endings = new Dictionary<string, Form>();
        foreach (var (section, form) in (ReadOnlySpan<(string, Form)>)
            [("plain", Form.Plain), ("plain-sure", Form.PlainSure), ("eu", Form.Eu), ("eu-sure", Form.EuSure), ("a", Form.A), ("a-sure", Form.ASure)])
            foreach (var ending in Table.Words(section))
                endings[ending] = endings.GetValueOrDefault(ending) | form;
        return endings.ToFrozenDictionary();
    }
}
