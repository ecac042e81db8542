namespace FeedBox.Core.Search;

public sealed record SearchDocument(
    Guid PostId, int Version, long AuthorId, long CategoryId, string? CategoryName,
    string Title, string Content, IReadOnlyList<string> Tags, DateTimeOffset CreatedAt);

/// <param name="Text">What the user typed, taken as words and never as query syntax; empty lists by recency.</param>
/// <param name="Cursor">From the page before; made and read by the index only.</param>
public sealed record SearchQuery(string Text, long? CategoryId, string? Tag, string? Cursor, int Limit)
{
    public const int MaxTextLength = 200;
}

/// <param name="Title">The title with the matches in it; plain text, spans mark what matched.</param>
/// <param name="Snippet">The part of the content around the matches, at most about 200 characters.</param>
public sealed record SearchHit(Guid PostId, double Score, HighlightedText Title, HighlightedText Snippet);

/// <param name="Spans">Start and length of each match in <paramref name="Text"/>, ascending and disjoint, in UTF-16 units.</param>
public sealed record HighlightedText(string Text, IReadOnlyList<TextSpan> Spans);

public readonly record struct TextSpan(int Start, int Length);

/// <summary>
/// Published posts by their words, Korean inflection included. A write is searchable within a second and durable when it returns.
/// </summary>
public interface ISearchIndex
{
    /// <summary>Adds or replaces in one step. Ignored when the index has seen this version or a newer one, or a removal of one.</summary>
    Task PutAsync(SearchDocument document, CancellationToken cancellationToken);

    /// <summary>Removes, and ignores later writes of this version or an older one.</summary>
    Task RemoveAsync(Guid postId, int version, CancellationToken cancellationToken);

    /// <summary>Best first, ties newest first. Walking the pages of an unchanging index shows every match once.</summary>
    /// <exception cref="FeedBoxException">Code "invalid-cursor".</exception>
    Task<Page<SearchHit>> SearchAsync(SearchQuery query, CancellationToken cancellationToken);
}
