namespace FeedBox.Core.Search.Korean;

/// <summary>Hanja as Koreans read them.</summary>
internal static class Hanja
{
    private const int First = 0x4E00;
    private const int End = 0xFB00;
    private static readonly char[] Readings = Load();

    /// <summary>The reading in the middle of a word; null for what is no Hanja, or none we know.</summary>
    public static char? Reading(char c) => c is >= (char)First and < (char)End && Readings[c - First] is > '\0' and var reading ? reading : null;

    /// <summary>The reading between its neighbours: the initial-sound law, 렬·률 after a vowel or ㄴ, and 不 before ㄷ and ㅈ.</summary>
    /// <param name="before">The folded character before.</param>
    /// <param name="after">The source character after.</param>
    public static char InContext(char hanja, char reading, char before, char after)
    {
        if (hanja == '不')
            return Hangul.Initial(Reading(after) ?? (Hangul.IsSyllable(after) ? after : '아')) is 'ㄷ' or 'ㅈ' ? '부' : '불';
        if (!Hangul.IsSyllable(before))
            return AtStart(reading);
        if (reading is '렬' or '률' && Hangul.Final(before) is Hangul.NoFinal or 'ㄴ')
            return Hangul.WithInitial(reading, 'ㅇ');
        return reading;
    }

    private static char AtStart(char reading)
    {
        var softVowel = Hangul.Vowel(reading) is 'ㅑ' or 'ㅕ' or 'ㅖ' or 'ㅛ' or 'ㅠ' or 'ㅣ';
        return (Hangul.Initial(reading), softVowel) switch
        {
            ('ㄹ' or 'ㄴ', true) => Hangul.WithInitial(reading, 'ㅇ'),
            ('ㄹ', false) => Hangul.WithInitial(reading, 'ㄴ'),
            _ => reading,
        };
    }

    private static char[] Load()
    {
        var readings = new char[End - First];
        foreach (var line in WordTable.Load("hanja").Lines())
            foreach (var hanja in line[1])
                readings[hanja - First] = line[0][0];
        return readings;
    }
}
