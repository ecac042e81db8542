namespace FeedBox.Core.Search.Korean;

/// <summary>
/// A text brought to one spelling of its characters (lower case, half width, composed Hangul, Hanja as read, no accents),
/// each folded character knowing where in the source it came from. Does what NFKC would, which is not there without ICU.
/// </summary>
internal readonly struct FoldedText
{
    private readonly int[]? _starts;
    private readonly int[]? _ends;

    public string Text { get; }

    private FoldedText(string text, int[]? starts, int[]? ends) => (Text, _starts, _ends) = (text, starts, ends);

    /// <summary>The source span behind the folded characters from <paramref name="start"/> on.</summary>
    public TextSpan Source(int start, int length)
    {
        if (_starts is null || length == 0)
            return new(start, length);
        var from = _starts[start];
        return new(from, _ends![start + length - 1] - from);
    }

    public static FoldedText Of(string source)
    {
        var i = 0;
        while (i < source.Length && IsPlain(source[i]))
            i++;
        if (i == source.Length)
            return new(source, null, null);

        var text = new char[source.Length * MaxExpansion];
        var starts = new int[text.Length];
        var ends = new int[text.Length];
        var length = 0;
        for (i = 0; i < source.Length;)
        {
            var from = i;
            var at = length;
            i += Fold(source, i, text, ref length);
            for (; at < length; at++)
                (starts[at], ends[at]) = (from, i);
        }
        return new(new string(text, 0, length), starts, ends);
    }

    private const int MaxExpansion = 4;

    private static bool IsPlain(char c) => c < 0x80 ? c is < 'A' or > 'Z' : Hangul.IsSyllable(c);

    /// <summary>Appends the folded form of what stands at <paramref name="i"/>, and returns how much of the source that was.</summary>
    private static int Fold(string source, int i, char[] text, ref int length)
    {
        var c = source[i];
        if (IsPlain(c))
            text[length++] = c;
        else if (c < 0x80)
            text[length++] = (char)(c | 0x20);
        else if (Conjoined(source, i, out var syllable) is > 0 and var read)
        {
            text[length++] = syllable;
            return read;
        }
        else if (Hanja.Reading(c) is { } reading)
        {
            var spoken = Hanja.InContext(c, reading, length > 0 ? text[length - 1] : ' ', i + 1 < source.Length ? source[i + 1] : ' ');
            text[length++] = spoken;
        }
        else if (c is >= '\uFF01' and <= '\uFF5E')
            text[length++] = char.ToLowerInvariant((char)(c - 0xFEE0));
        else if (c is '\u3000' or '\u00A0')
            text[length++] = ' ';
        else if (c is >= '①' and <= '⑳')
            foreach (var digit in (c - '①' + 1).ToString())
                text[length++] = digit;
        else if (Compatibility.TryGetValue(c, out var plain))
            foreach (var each in plain)
                text[length++] = each;
        else
            text[length++] = Latin(char.ToLowerInvariant(c));
        return 1;
    }

    /// <summary>Syllables as macOS spells them in file names: initial, vowel and perhaps a final, each a character.</summary>
    private static int Conjoined(string source, int i, out char syllable)
    {
        syllable = default;
        if (source[i] is < '\u1100' or > '\u1112' || i + 1 == source.Length || source[i + 1] is < '\u1161' or > '\u1175')
            return 0;
        var code = 0xAC00 + ((source[i] - 0x1100) * 21 + (source[i + 1] - 0x1161)) * 28;
        var closed = i + 2 < source.Length && source[i + 2] is > '\u11A7' and <= '\u11C2';
        syllable = (char)(closed ? code + source[i + 2] - 0x11A7 : code);
        return closed ? 3 : 2;
    }

    private const string Accented = "àáâãäåāăąçćčďèéêëēėęěìíîïīįłñńňòóôõöøōřśšşťùúûüūůýÿźżž";
    private const string Unaccented = "aaaaaaaaacccdeeeeeeeeiiiiiilnnnooooooorssstuuuuuuyyzzz";

    private static char Latin(char c) => Accented.IndexOf(c) is >= 0 and var at ? Unaccented[at] : c;

    private static readonly Dictionary<char, string> Compatibility = new()
    {
        ['㎏'] = "kg", ['㎞'] = "km", ['㎝'] = "cm", ['㎜'] = "mm", ['㎡'] = "m2", ['㎖'] = "ml", ['㎎'] = "mg", ['ℓ'] = "l", ['㏄'] = "cc",
        ['℃'] = "c", ['㈜'] = "주", ['№'] = "no", ['™'] = "tm", ['ﬁ'] = "fi", ['ﬂ'] = "fl", ['ß'] = "ss", ['æ'] = "ae", ['Æ'] = "ae",
        ['Ⅰ'] = "i", ['Ⅱ'] = "ii", ['Ⅲ'] = "iii", ['Ⅳ'] = "iv", ['Ⅴ'] = "v", ['²'] = "2", ['³'] = "3", ['½'] = "1 2",
    };
}
