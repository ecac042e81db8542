namespace FeedBox.Core.Search.Korean;

/// <summary><see cref="Counted"/>: a number with its counter, as in 3월.</summary>
internal enum RunKind : byte { Hangul, Latin, Counted }

/// <summary>A stretch of one script in a folded text.</summary>
internal readonly ref struct Run(ReadOnlySpan<char> text, int start, RunKind kind)
{
    public ReadOnlySpan<char> Text { get; } = text;
    public int Start { get; } = start;
    public int Length => Text.Length;
    public RunKind Kind { get; } = kind;

    public static Splitter Split(string text) => new(text);

    /// <summary>Goes over the words of a text; a number with a counter comes as both the number and the whole.</summary>
    public ref struct Splitter(string text)
    {
        private int _at;
        private int _counted = -1;
        private int _countedEnd;

        public Run Current { get; private set; }

        public readonly Splitter GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_counted >= 0)
            {
                Current = new(text.AsSpan(_counted, _countedEnd - _counted), _counted, RunKind.Counted);
                _counted = -1;
                return true;
            }
            while (_at < text.Length)
            {
                var start = _at;
                if (Hangul.IsSyllable(text[start]))
                {
                    while (_at < text.Length && Hangul.IsSyllable(text[_at]))
                        _at++;
                    var word = text.AsSpan(start, _at - start);
                    if (start > 0 && IsLatin(text[start - 1]) && (Particles.IsParticle(word) || IsCounter(text, start, word)))
                        continue;
                    Current = new(word, start, RunKind.Hangul);
                    return true;
                }
                if (IsLatin(text[start]))
                {
                    SkipLatin();
                    Current = new(text.AsSpan(start, _at - start), start, RunKind.Latin);
                    return true;
                }
                _at++;
            }
            return false;
        }

        private void SkipLatin()
        {
            var start = _at;
            while (_at < text.Length && (IsLatin(text[_at]) || IsThousandsComma(_at)))
                _at++;
            if (_at < text.Length && text[_at] == '#' && _at - start == 1)
                _at++;
            else if (_at + 1 < text.Length && text[_at] == '+' && text[_at + 1] == '+')
                _at += 2;
            if (char.IsAsciiDigit(text[_at - 1]) && CounterLength(text, _at) is > 0 and var counter)
                (_counted, _countedEnd) = (start, _at + counter);
        }

        private readonly bool IsThousandsComma(int i) =>
            text[i] == ',' && i > 0 && char.IsAsciiDigit(text[i - 1]) && i + 3 < text.Length
            && char.IsAsciiDigit(text[i + 1]) && char.IsAsciiDigit(text[i + 2]) && char.IsAsciiDigit(text[i + 3]);

        private static bool IsLatin(char c) => char.IsLetterOrDigit(c) && !Hangul.IsSyllable(c) && !Hangul.IsJamo(c) || char.IsSurrogate(c);

        /// <summary>True when the word after a number is a counter, with or without a particle.</summary>
        private static bool IsCounter(string text, int start, ReadOnlySpan<char> word) =>
            char.IsAsciiDigit(text[start - 1]) && CounterLength(text, start) is > 0 and var length
            && (length == word.Length || Particles.IsParticle(word[length..]));

        private static int CounterLength(string text, int start)
        {
            var end = start;
            while (end < text.Length && end < start + 3 && Hangul.IsSyllable(text[end]))
                end++;
            for (; end > start; end--)
                if (Lexicon.Counters.GetAlternateLookup<ReadOnlySpan<char>>().Contains(text.AsSpan(start, end - start)))
                    return end - start;
            return 0;
        }
    }
}
