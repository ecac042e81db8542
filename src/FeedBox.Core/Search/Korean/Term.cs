namespace FeedBox.Core.Search.Korean;

/// <summary><see cref="Word"/>: a stem. <see cref="Pair"/>: two neighbouring syllables of a longer stem, to find the parts of compounds by.</summary>
public enum TermKind : byte { Word, Pair }

/// <param name="Text">As indexed; verbs and adjectives end in 다.</param>
/// <param name="Start">Where the text that it stands for begins, in UTF-16 units.</param>
public readonly record struct Term(string Text, TermKind Kind, int Start, int Length);
