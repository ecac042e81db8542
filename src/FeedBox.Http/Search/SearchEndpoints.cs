using System.ComponentModel;
using FeedBox.Core;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.Search;
using FeedBox.Http.Callers;
using FeedBox.Http.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.Search;

/// <param name="Title">The title with the places that matched.</param>
/// <param name="Snippet">The part of the content around the matches.</param>
public sealed record SearchResult(PostView Post, HighlightedText Title, HighlightedText Snippet);

internal static class SearchEndpoints
{
    public static void MapSearch(this IEndpointRouteBuilder api) =>
        api.MapGet("/search", async (
            [Description("Words, at most 200 characters; without any, the newest posts.")] string? q,
            [Description("A category id.")] string? category,
            [Description("A tag.")] string? tag,
            [AsParameters] PageQuery page, ISearchIndex index, ReadPosts read, CancellationToken cancellationToken) =>
        {
            var query = new SearchQuery(
                Text(q, "q", SearchQuery.MaxTextLength) ?? "", CategoryId(category), Text(tag, "tag", PostInspection.MaxTagLength), page.Opaque(), page.Take());
            var (hits, next) = await index.SearchAsync(query, cancellationToken);

            // The index may lag behind: only what is published now is shown, so a page may be shorter than asked.
            var posts = (await read.GetPublishedAsync([.. hits.Select(hit => hit.PostId)], cancellationToken)).ToDictionary(post => post.Id);
            var items = hits.Where(hit => posts.ContainsKey(hit.PostId)).Select(hit => new SearchResult(posts[hit.PostId], hit.Title, hit.Snippet)).ToList();
            return new ListingResult<SearchResult>(new(items, next, items.Any(item => item.Post.Partial)), HttpJson.Default.ListingSearchResult);
        })
        .WithTags("Search")
        .WithSummary("Published posts by their words, best first; spans count UTF-16 units.")
        .WithProblems(400, "q-too-long", "q-invalid-text", "invalid-category", "tag-too-long", "tag-invalid-text")
        .IsListing();

    private static string? Text(string? text, string field, int maxLength) =>
        string.IsNullOrWhiteSpace(text) ? null : UserText.Require(text, field, maxLength);

    private static long? CategoryId(string? category) => category switch
    {
        null or "" => null,
        _ when Caller.TryParse(category, out var id) => id,
        _ => throw FeedBoxException.Invalid("invalid-category", "category must be a positive number."),
    };
}
