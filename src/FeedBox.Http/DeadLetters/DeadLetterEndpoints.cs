using FeedBox.Core;
using FeedBox.Core.DeadLetters;
using FeedBox.Http.Idempotency;
using FeedBox.Http.OpenApi;
using FeedBox.Http.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.DeadLetters;

/// <param name="Replays">How often the message was replayed before this failure.</param>
/// <param name="Type">The event's type, when the message says so.</param>
/// <param name="Preview">The first 2,000 characters of the message; null when it is not text.</param>
/// <param name="Size">Of the message, in bytes.</param>
public sealed record DeadLetterView(
    Guid Id, DeadLetterCause Cause, int Replays, string? Key, string? Type, string? Preview, int Size, DateTimeOffset FiledAt);

internal static class DeadLetterEndpoints
{
    public static void MapDeadLetters(this IEndpointRouteBuilder operators)
    {
        var letters = operators.MapGroup("/dead-letters");

        letters.MapGet("/", async ([AsParameters] PageQuery page, IDeadLetterStore store, CancellationToken cancellationToken) =>
        {
            var limit = page.Take();
            var found = await store.ListAsync(page.Before(), limit + 1, cancellationToken);
            var (items, next) = Paging.Cut([.. found.Select(View)], limit, letter => letter.Id.ToString());
            return TypedResults.Ok(new Listing<DeadLetterView>(items, next, Partial: false));
        })
        .WithSummary("Messages that a consumer gave up, the oldest failure first.")
        .IsListing();

        letters.MapPost("/{id:guid}/replay", async (Guid id, ReplayDeadLetters replay, CancellationToken cancellationToken) =>
        {
            await replay.ReplayAsync(id, cancellationToken);
            return TypedResults.NoContent();
        })
        .WithIdempotencyKey()
        .WithSummary("Send a message to its topic again, for the group that gave it up, and take it off the list.")
        .WithProblems(404, "dead-letter-not-found")
        .WithProblems(409, "replay-limit-reached")
        .WithProblems(503, "dependency-unavailable");

        letters.MapPost("/replay-all", async (ReplayDeadLetters replay, CancellationToken cancellationToken) =>
            TypedResults.Ok(await replay.ReplayAllAsync(cancellationToken)))
        .WithIdempotencyKey()
        .WithSummary("Replay all that are on the list now, but those that were replayed as often as is allowed.")
        .WithProblems(503, "dependency-unavailable");

        letters.MapDelete("/{id:guid}", async (Guid id, IDeadLetterStore store, CancellationToken cancellationToken) =>
            await store.RemoveAsync(id, cancellationToken)
                ? TypedResults.NoContent()
                : throw FeedBoxException.NotFound("dead-letter-not-found", "There is no such dead letter."))
        .WithSummary("Discard a message for good.")
        .WithProblems(404, "dead-letter-not-found");
    }

    private static DeadLetterView View(DeadLetter letter) => new(
        letter.Id, letter.Cause with { Message = MessageText.Cut(letter.Cause.Message)! }, letter.Replays, MessageText.Cut(letter.Message.Key),
        MessageText.TypeOf(letter.Message), MessageText.Preview(letter.Message), letter.Message.Value.Length, letter.FiledAt);
}
