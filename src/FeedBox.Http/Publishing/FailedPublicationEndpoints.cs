using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Http.Idempotency;
using FeedBox.Http.OpenApi;
using FeedBox.Http.Operations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.Publishing;

/// <param name="Refusals">How often a log that answered would not take it; after a number of them it waits for an operator.</param>
/// <param name="Type">The event's type, when the message says so.</param>
/// <param name="Preview">The first 2,000 characters of the message; null when it is not text.</param>
/// <param name="Size">Of the message, in bytes.</param>
public sealed record FailedPublicationView(Guid Id, string Topic, string? Key, string? Type, string? Preview, int Size, int Refusals);

/// <summary>There are none where log and store would be one, as in the standalone edition.</summary>
internal static class FailedPublicationEndpoints
{
    public static void MapFailedPublications(this IEndpointRouteBuilder operators)
    {
        var publications = operators.MapGroup("/failed-publications").WithProblems(503, "dependency-unavailable");

        publications.MapGet("/", async ([AsParameters] PageQuery page, [FromServices] IFailedPublications? failed, CancellationToken cancellationToken) =>
        {
            var limit = page.Take();
            var after = page.Before();
            var found = failed is null ? [] : await failed.ListAsync(after, maxRefusals: int.MaxValue, limit + 1, cancellationToken);
            var (items, next) = Paging.Cut([.. found.Select(View)], limit, publication => publication.Id.ToString());
            return TypedResults.Ok(new Listing<FailedPublicationView>(items, next, Partial: false));
        })
        .WithSummary("Events kept because the log did not take them, the oldest first.")
        .IsListing();

        publications.MapPost("/restore", async (DirectPublisher publisher, CancellationToken cancellationToken) =>
            TypedResults.Ok(await publisher.RestoreRefusedAsync(cancellationToken)))
        .WithIdempotencyKey()
        .WithSummary("Give all of them to the log now, also those that it refused too often to be tried every minute.");

        publications.MapDelete("/{id:guid}", async (Guid id, [FromServices] IFailedPublications? failed, CancellationToken cancellationToken) =>
        {
            if (failed is not null)
                await failed.RemoveAsync([id], cancellationToken);
            return TypedResults.NoContent();
        })
        .WithSummary("Discard one for good.");
    }

    private static FailedPublicationView View(FailedPublication publication) => new(
        publication.Id, publication.Message.Topic, MessageText.Cut(publication.Message.Key), MessageText.TypeOf(publication.Message),
        MessageText.Preview(publication.Message), publication.Message.Value.Length, publication.Refusals);
}
