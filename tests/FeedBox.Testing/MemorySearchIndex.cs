using System.Globalization;
using FeedBox.Core;
using FeedBox.Core.Search;

namespace FeedBox.Testing;

/// <summary><see cref="ISearchIndex"/> in memory: every word of the query must occur, as it is, in title, content or tags.</summary>
public sealed class MemorySearchIndex : ISearchIndex
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, (int Version, SearchDocument? Document)> _documents = [];

    public Task PutAsync(SearchDocument document, CancellationToken cancellationToken)
    {
        lock (_gate)
            if (!_documents.TryGetValue(document.PostId, out var present) || present.Version < document.Version)
                _documents[document.PostId] = (document.Version, document);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(Guid postId, int version, CancellationToken cancellationToken)
    {
        lock (_gate)
            if (!_documents.TryGetValue(postId, out var present) || present.Version <= version)
                _documents[postId] = (version, null);
        return Task.CompletedTask;
    }

    public Task<Page<SearchHit>> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var skip = 0;
        if (query.Cursor is not null && !int.TryParse(query.Cursor, NumberStyles.None, CultureInfo.InvariantCulture, out skip))
            throw FeedBoxException.Invalid("invalid-cursor", "cursor must be the next of a page of the same listing.");
        var words = query.Text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        lock (_gate)
        {
            var hits = _documents.Values.Select(entry => entry.Document).OfType<SearchDocument>()
                .Where(document => query.CategoryId is null || document.CategoryId == query.CategoryId)
                .Where(document => query.Tag is null || document.Tags.Contains(query.Tag))
                .Where(document => words.All(word => document.Title.Contains(word) || document.Content.Contains(word) || document.Tags.Contains(word)))
                .OrderByDescending(document => document.PostId.ToString(), StringComparer.Ordinal)
                .Skip(skip)
                .Select(document => new SearchHit(
                    document.PostId, 1, Highlight(document.Title, words), Highlight(document.Content[..Math.Min(200, document.Content.Length)], words)))
                .Take(query.Limit + 1)
                .ToList();
            return Task.FromResult(Paging.Cut(hits, query.Limit, _ => (skip + query.Limit).ToString(CultureInfo.InvariantCulture)));
        }
    }

    private static HighlightedText Highlight(string text, string[] words)
    {
        var spans = new List<TextSpan>();
        for (var at = 0; at < text.Length; at++)
            if (words.FirstOrDefault(word => text.AsSpan(at).StartsWith(word)) is { } word)
            {
                spans.Add(new(at, word.Length));
                at += word.Length - 1;
            }
        return new(text, spans);
    }
}
