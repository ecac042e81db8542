namespace FeedBox.Core.Search.Korean;

/// <summary>Arithmetic on Hangul syllables: U+AC00 + (initial × 21 + vowel) × 28 + final. Letters are named by their compatibility jamo.</summary>
internal static class Hangul
{
    public const string Initials = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
    public const string Vowels = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ";
    public const string Finals = "\0ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";
    public const char NoFinal = '\0';

    private const int First = 0xAC00;
    private const int Count = 11172;

    public static bool IsSyllable(char c) => (uint)(c - First) < Count;

    /// <summary>Letters that stand alone, as in ㅋㅋ.</summary>
    public static bool IsJamo(char c) => c is >= '\u3131' and <= '\u318E' or >= '\u1100' and <= '\u11FF' or >= '\uFFA0' and <= '\uFFDC';

    public static char Initial(char syllable) => Initials[(syllable - First) / 588];

    public static char Vowel(char syllable) => Vowels[(syllable - First) / 28 % 21];

    /// <summary>The final consonant, or <see cref="NoFinal"/>.</summary>
    public static char Final(char syllable) => Finals[(syllable - First) % 28];

    public static bool HasFinal(char syllable) => (syllable - First) % 28 != 0;

    public static char WithFinal(char syllable, char final) => (char)(syllable - (syllable - First) % 28 + Finals.IndexOf(final));

    /// <summary>The open syllable with another vowel.</summary>
    public static char WithVowel(char syllable, char vowel) => Compose(Initial(syllable), vowel);

    public static char WithInitial(char syllable, char initial) =>
        (char)(First + Initials.IndexOf(initial) * 588 + (syllable - First) % 588);

    public static char Compose(char initial, char vowel, char final = NoFinal) =>
        (char)(First + (Initials.IndexOf(initial) * 21 + Vowels.IndexOf(vowel)) * 28 + Finals.IndexOf(final));

    /// <summary>The same word with another final consonant in its last syllable.</summary>
    public static string EndingWith(string word, char final) => string.Concat(word.AsSpan(0, word.Length - 1), [WithFinal(word[^1], final)]);

    public static bool IsOpen(string word) => word.Length > 0 && IsSyllable(word[^1]) && !HasFinal(word[^1]);
}
