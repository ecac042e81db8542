using FeedBox.Core;
using FeedBox.Core.Inbox;
using FeedBox.Http.Callers;
using FeedBox.Http.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.Inbox;

/// <param name="Unread">Counted up to 100.</param>
public sealed record UnreadCount(int Unread);

internal static class InboxEndpoints
{
    public static void MapInbox(this IEndpointRouteBuilder api)
    {
        var inbox = api.MapGroup("/inbox").WithTags("Inbox");

        inbox.MapGet("/", async ([AsParameters] PageQuery page, Caller caller, ReadInbox read, CancellationToken cancellationToken) =>
        {
            var (items, next, partial) = await read.ListAsync(caller.Id, page.Before(), page.Take(), cancellationToken);
            return new ListingResult<InboxItem>(new(items, next, partial), HttpJson.Default.ListingInboxItem);
        })
        .WithSummary("Posts of the authors the caller follows, newest first.")
        .IsListing();

        inbox.MapPut("/{postId:guid}/read", async (Guid postId, Caller caller, IInboxStore store, TimeProvider time, CancellationToken cancellationToken) =>
            await store.MarkReadAsync(caller.Id, postId, time.GetUtcNow(), cancellationToken)
                ? TypedResults.NoContent()
                : throw FeedBoxException.NotFound("inbox-entry-not-found", "There is no such post in your inbox."))
        .WithSummary("Mark a post as read; the first time stays.")
        .WithProblems(404, "inbox-entry-not-found");

        inbox.MapGet("/unread-count", async (Caller caller, ReadInbox read, CancellationToken cancellationToken) =>
            TypedResults.Ok(new UnreadCount(await read.CountUnreadAsync(caller.Id, cancellationToken))))
        .WithSummary("Unread posts in the caller's inbox, counted up to 100.");
    }
}
