using System.Collections.Frozen;

namespace FeedBox.Core.Search.Korean;

/// <summary>How much an ending says: none at all (파래), one that nouns may end in too (고), one that only verbs have (습니다).</summary>
internal enum Ending : byte { None, Doubtful, Sure }

/// <summary>What an inflected word may come from: stems of verbs, nouns under 하다 and its like.</summary>
internal sealed class VerbReading
{
    public List<string> KnownStems { get; } = [];
    public List<string> UnknownStems { get; } = [];
    public List<string> Nouns { get; } = [];

    /// <summary>The surest ending that was found.</summary>
    public Ending Ending { get; set; }

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
    private static readonly string[] NounAdjectives = ["스럽", "롭"];

    public static VerbReading Read(string word)
    {
        var reading = new VerbReading();
        Span<char> tail = stackalloc char[MaxEnding + 1];
        for (var length = Math.Min(MaxEnding, word.Length - 1); length >= 0; length--)
        {
            var rest = word.Length - length;
            if (length > 0 && Lookup.TryGetValue(word.AsSpan(rest), out var form))
                Strip(word[..rest], form, closed: Hangul.NoFinal, bare: false, word[rest], reading);
            if (Hangul.Final(word[rest - 1]) is not Hangul.NoFinal and var final)
            {
                tail[0] = final;
                word.AsSpan(rest).CopyTo(tail[1..]);
                if (Lookup.TryGetValue(tail[..(length + 1)], out form))
                    Strip(Hangul.EndingWith(word[..rest], Hangul.NoFinal), form, closed: final, bare: length == 0, final, reading);
            }
        }
        OnA(word, Ending.None, reading);
        return reading;
    }

    private static void Strip(string stem, Form form, char closed, bool bare, char first, VerbReading reading)
    {
        var dropsRieul = closed is 'ㄴ' or 'ㅂ' or 'ㄹ' || (closed == Hangul.NoFinal && Hangul.Initial(first) is 'ㄴ' or 'ㅅ' or 'ㅇ');
        if ((form & (Form.Plain | Form.PlainSure)) != 0)
        {
            if (first is '기')
                reading.Nominal = true;
            OnPlain(stem, Of(form, Form.PlainSure), dropsRieul, reading);
        }
        if ((form & (Form.Eu | Form.EuSure)) != 0)
        {
            if (closed is 'ㅁ')
                reading.Nominal = true;
            OnEu(stem, bare ? Ending.None : Of(form, Form.EuSure), dropsRieul, closed, reading);
        }
        if ((form & (Form.A | Form.ASure)) != 0)
            OnA(stem, Of(form, Form.ASure), reading);
    }

    /// <summary>What 고, 지, 다 … stand on: the stem itself, or one with 겠, 시 or the past in it.</summary>
    private static void OnPlain(string stem, Ending ending, bool dropsRieul, VerbReading reading)
    {
        if (stem.Length > 1 && stem[^1] == '겠')
        {
            OnPlain(stem[..^1], Ending.Sure, dropsRieul: false, reading);
            return;
        }
        if (stem[^1] != '있' && Hangul.Final(stem[^1]) == 'ㅆ')
        {
            OnA(Hangul.EndingWith(stem, Hangul.NoFinal), Ending.Sure, reading);
            return;
        }
        if (stem.Length > 1 && stem[^1] == '시')
            OnEu(stem[..^1], ending, dropsRieul: true, Hangul.NoFinal, reading);
        Add(stem, ending, reading);
        if (dropsRieul && Hangul.IsOpen(stem) && !Lexicon.StopVerbs.Contains(stem))
            AddIfKnown(Hangul.EndingWith(stem, 'ㄹ'), ending, reading);
    }

    /// <summary>What 면, 니, ㄴ, ㄹ, ㅂ니다 … stand on, 으 still being there if it was.</summary>
    private static void OnEu(string stem, Ending ending, bool dropsRieul, char closed, VerbReading reading)
    {
        var last = stem[^1];
        if (last == '으' && stem.Length > 1)
        {
            var bare = stem[..^1];
            if (Hangul.IsOpen(bare))
            {
                AddIfIrregular(Hangul.EndingWith(bare, 'ㅅ'), Lexicon.SIrregular, ending, reading);
                AddIfIrregular(stem, Lexicon.EuDropping, ending, reading);
            }
            else
            {
                if (Hangul.Final(bare[^1]) == 'ㄹ')
                    AddIfIrregular(Hangul.EndingWith(bare, 'ㄷ'), Lexicon.DIrregular, ending, reading);
                OnPlain(bare, ending, dropsRieul: false, reading);
            }
            return;
        }
        if (last == '우' && stem.Length > 1 && Hangul.IsOpen(stem[..^1]) && Hangul.EndingWith(stem[..^1], 'ㅂ') is var b && Lexicon.IsBIrregular(b))
        {
            Add(b, ending, reading);
            return;
        }
        if (Hangul.HasFinal(last) && Hangul.Final(last) != 'ㄹ')
            return;
        if (last == '시' && stem.Length > 1)
            OnEu(stem[..^1], ending, dropsRieul: true, Hangul.NoFinal, reading);
        if (Hangul.IsOpen(stem))
        {
            if (dropsRieul && !Lexicon.StopVerbs.Contains(stem))
                AddIfKnown(Hangul.EndingWith(stem, 'ㄹ'), ending, reading);
            AddIfIrregular(Hangul.EndingWith(stem, 'ㅎ'), Lexicon.HIrregular, ending, reading);
        }
        Add(stem, ending, reading);
    }

    /// <summary>What 서, 도, 요 and the past stand on: the 아/어 form, contracted or not.</summary>
    private static void OnA(string form, Ending ending, VerbReading reading)
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
                    AddIfIrregular(Hangul.EndingWith(before, 'ㅅ'), Lexicon.SIrregular, ending, reading);
                else if (Hangul.Final(before[^1]) == 'ㄹ')
                    AddIfIrregular(Hangul.EndingWith(before, 'ㄷ'), Lexicon.DIrregular, ending, reading);
                AddIfIrregular(With('ㅡ'), Lexicon.EuDropping, ending, reading);
                OnPlain(before, ending, dropsRieul: false, reading);
                break;
            case 'ㅏ' or 'ㅓ':
                if (initial == 'ㄹ' && before.Length > 0 && Hangul.Final(before[^1]) == 'ㄹ')
                {
                    AddIfIrregular(Hangul.EndingWith(before, Hangul.NoFinal) + '르', Lexicon.RIrregular, ending, reading);
                    AddIfIrregular(With('ㅡ'), Lexicon.EuDropping, ending, reading);
                }
                else
                    AddIfIrregular(With('ㅡ'), Lexicon.EuDropping, ending, reading);
                if (last == '러')
                    AddIfIrregular(before, Lexicon.ReoIrregular, ending, reading);
                if (last == '퍼')
                    AddIfKnown(before + '푸', ending, reading);
                Add(form, ending, reading);
                break;
            case 'ㅐ':
                if (initial == 'ㅎ')
                    Add(before + '하', ending, reading);
                AddIfIrregular(Hangul.EndingWith(With('ㅏ'), 'ㅎ'), Lexicon.HIrregular, ending, reading);
                AddIfIrregular(Hangul.EndingWith(With('ㅓ'), 'ㅎ'), Lexicon.HIrregular, ending, reading);
                if (initial != 'ㅎ')
                    Add(form, ending, reading);
                break;
            case 'ㅒ':
                AddIfIrregular(Hangul.EndingWith(With('ㅑ'), 'ㅎ'), Lexicon.HIrregular, ending, reading);
                break;
            case 'ㅔ' or 'ㅖ':
                AddIfIrregular(Hangul.EndingWith(With(vowel == 'ㅔ' ? 'ㅓ' : 'ㅕ'), 'ㅎ'), Lexicon.HIrregular, ending, reading);
                Add(form, ending, reading);
                break;
            case 'ㅕ':
                if (last == '여' && before.EndsWith('하'))
                    Add(before, ending, reading);
                var withI = With('ㅣ');
                if (withI.Length > 1 && withI[^1] == '시')
                    OnEu(before, ending, dropsRieul: true, Hangul.NoFinal, reading);
                Add(withI, ending, reading);
                AddIfKnown(form, ending, reading);
                break;
            case 'ㅘ' or 'ㅝ':
                if (initial == 'ㅇ' && open && Hangul.EndingWith(before, 'ㅂ') is var b && Lexicon.IsBIrregular(b))
                    Add(b, ending, reading);
                else
                    Add(With(vowel == 'ㅘ' ? 'ㅗ' : 'ㅜ'), ending, reading);
                break;
            case 'ㅙ':
                Add(With('ㅚ'), ending, reading);
                break;
            default:
                if (vowel == 'ㅞ')
                    Add(form, ending, reading);
                break;
        }
    }

    private static void AddIfIrregular(string stem, FrozenSet<string> irregular, Ending ending, VerbReading reading)
    {
        if (irregular.Contains(stem) || irregular.Contains(WithoutPrefixVerb(stem)))
            Add(stem, ending, reading);
    }

    private static void AddIfKnown(string stem, Ending ending, VerbReading reading)
    {
        if (Lexicon.KnownVerbs.Contains(stem))
            Add(stem, ending, reading);
    }

    /// <summary>The last verb of a compound such as 주워듣: what follows its 아/어 form.</summary>
    private static string WithoutPrefixVerb(string stem) => stem.Length > 2 ? stem[^2..] : stem;

    private static void Add(string stem, Ending ending, VerbReading reading)
    {
        var known = Lexicon.KnownVerbs.Contains(stem);
        if (!known && stem.Length == 1)
            return;
        if (ending > reading.Ending)
            reading.Ending = ending;
        foreach (var adjective in NounAdjectives)
            if (stem.Length > adjective.Length + 1 && stem.EndsWith(adjective, StringComparison.Ordinal))
            {
                AddTo(reading.Nouns, stem[..^adjective.Length]);
                known = true;
            }
        if (known)
        {
            AddTo(reading.KnownStems, stem);
            return;
        }

        foreach (var negation in (ReadOnlySpan<string>)["지않", "지못하", "지말", "고있", "고싶", "고계시", "고나"])
            if (stem.Length > negation.Length && stem.EndsWith(negation, StringComparison.Ordinal))
            {
                OnPlain(stem[..^negation.Length], Ending.Sure, dropsRieul: false, reading);
                return;
            }

        foreach (var auxiliary in Auxiliaries)
            if (stem.Length > auxiliary.Length && stem.EndsWith(auxiliary, StringComparison.Ordinal) && stem[..^auxiliary.Length] is var main
                && main.Length + auxiliary.Length > 2 && IsAForm(main))
            {
                OnA(main, ending, reading);
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

        if (ending != Ending.None)
            AddTo(reading.UnknownStems, stem);
    }

    private static Ending Of(Form form, Form sure) => (form & sure) != 0 ? Ending.Sure : Ending.Doubtful;

    private static bool IsAForm(string form)
    {
        var reading = new VerbReading();
        OnA(form, Ending.None, reading);
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
