using System.Globalization;
using FeedBox.Core;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Http.Callers;
using FeedBox.Http.Idempotency;
using FeedBox.Http.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.Posts;

/// <summary>What a write stored. It names nobody, so that writing asks nobody.</summary>
public sealed record StoredPost(
    Guid Id, int Version, string Title, string Content, long CategoryId, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, PostInspection Inspection);

/// <param name="Version">The version that <paramref name="State"/> speaks of: the author's latest.</param>
public sealed record InspectionStatus(int Version, InspectionState State, IReadOnlyList<string> Tags, string? Reason, DateTimeOffset? InspectedAt);

internal static class PostEndpoints
{
    public static void MapPosts(this IEndpointRouteBuilder api)
    {
        var posts = api.MapGroup("/posts").WithTags("Posts");

        posts.MapPost("/", async (PostDraft draft, Caller caller, PublishPost publish, TimeProvider time, HttpContext http) =>
        {
            var post = await publish.ExecuteAsync(http.NewId(time), caller.Id, draft, http.RequestAborted);
            http.Response.Headers.ETag = ETag(post.Version);
            return TypedResults.Created($"/posts/{post.Id}", Stored(post));
        })
        .WithIdempotencyKey()
        .WithSummary("Publish a post; it is pending until its inspection, which usually takes less than a second.")
        .WithProblems(400, "title-required", "title-too-long", "title-invalid-text", "content-required", "content-too-long", "content-invalid-text", "category-required")
        .TakesJson();

        posts.MapGet("/mine", async ([AsParameters] PageQuery page, Caller caller, ReadPosts read, CancellationToken cancellationToken) =>
        {
            var (items, next) = await read.ListMineAsync(caller.Id, page.Before(), page.Take(), cancellationToken);
            return new ListingResult<PostView>(new(items, next, items.Any(post => post.Partial)), HttpJson.Default.ListingPostView);
        })
        .WithSummary("The caller's posts in every state, newest first.")
        .IsListing();

        posts.MapGet("/{id:guid}", async (Guid id, Caller caller, ReadPosts read, HttpContext http) =>
        {
            var post = await read.GetAsync(id, caller.Id, http.RequestAborted);
            http.Response.Headers.ETag = ETag(post.Version);
            return TypedResults.Ok(post);
        })
        .WithSummary("A post: the approved text, or for its author the latest with its inspection.")
        .WithProblems(404, "post-not-found");

        posts.MapPut("/{id:guid}", async (Guid id, PostDraft draft, Caller caller, ChangePost change, HttpContext http) =>
        {
            var post = await change.UpdateAsync(id, caller.Id, draft, ExpectedVersion(http.Request, required: true), http.RequestAborted);
            http.Response.Headers.ETag = ETag(post.Version);
            return TypedResults.Ok(Stored(post));
        })
        .WithSummary("Replace the text; needs If-Match with the ETag that was read, or * for whichever version it is.")
        .WithProblems(400, "title-required", "title-too-long", "title-invalid-text", "content-required", "content-too-long", "content-invalid-text", "category-required", "invalid-if-match")
        .WithProblems(403, "not-the-author")
        .WithProblems(404, "post-not-found")
        .WithProblems(412, "version-mismatch")
        .WithProblems(428, "if-match-required")
        .TakesJson();

        posts.MapDelete("/{id:guid}", async (Guid id, Caller caller, ChangePost change, HttpContext http) =>
        {
            await change.DeleteAsync(id, caller.Id, ExpectedVersion(http.Request, required: false), http.RequestAborted);
            return TypedResults.NoContent();
        })
        .WithSummary("Delete a post; it leaves every inbox and the search.")
        .WithProblems(400, "invalid-if-match")
        .WithProblems(403, "not-the-author")
        .WithProblems(404, "post-not-found")
        .WithProblems(412, "version-mismatch");

        posts.MapGet("/{id:guid}/inspection", async (Guid id, Caller caller, ReadPosts read, CancellationToken cancellationToken) =>
        {
            var post = await read.GetAsync(id, caller.Id, cancellationToken);
            return post.Inspection is var (state, tags, reason, inspectedAt)
                ? TypedResults.Ok(new InspectionStatus(post.Version, state, tags, reason, inspectedAt))
                : throw FeedBoxException.Forbidden("not-the-author", "Only its author sees the inspection of a post.");
        })
        .WithSummary("How the inspection of the caller's own post stands.")
        .WithProblems(403, "not-the-author")
        .WithProblems(404, "post-not-found");
    }

    private static StoredPost Stored(Post post) => new(
        post.Id, post.Version, post.Title, post.Content, post.CategoryId, post.CreatedAt, post.UpdatedAt, post.Inspection);

    private static string ETag(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version If-Match names; null for * and, where it is not required, for none.</summary>
    private static int? ExpectedVersion(HttpRequest request, bool required)
    {
        switch (request.Headers.IfMatch.ToString())
        {
            case "" when required:
                throw new FeedBoxException(ProblemKind.PreconditionRequired, "if-match-required", "Send If-Match with the ETag you have read.");
            case "" or "*":
                return null;
            case ['"', .. var tag, '"'] when !tag.Contains('"'):
                // A well-formed tag that we never gave matches no version; 0 is none.
                return int.TryParse(tag, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
            default:
                throw FeedBoxException.Invalid("invalid-if-match", "If-Match must be * or one strong entity tag, like \"3\".");
        }
    }
}
