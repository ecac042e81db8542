using System.Diagnostics;
using FeedBox.Core;
using FeedBox.Core.Coupons;
using FeedBox.Http.Callers;
using FeedBox.Http.Idempotency;
using FeedBox.Http.OpenApi;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.Coupons;

/// <param name="Accepted">How many were accepted so far; null while that is not known: for a moment after a restart, and once the event is over.</param>
public sealed record CouponEventView(
    Guid Id, string Name, int Limit, DateTimeOffset OpensAt, DateTimeOffset ClosesAt, int? Accepted, int? Remaining);

public sealed record CouponRequestStatus(string Status);

public sealed record UsedCoupon(Guid Id, DateTimeOffset UsedAt);

internal static class CouponEndpoints
{
    private static readonly IResult Accepted =
        TypedResults.Json(new CouponRequestStatus("accepted"), HttpJson.Default.CouponRequestStatus, statusCode: StatusCodes.Status202Accepted);

    private static readonly IResult AlreadyRequested =
        new CachedProblem(StatusCodes.Status409Conflict, "already-requested", "You are among the first already: you have this event's coupon, or it is on its way.");

    private static readonly IResult SoldOut =
        new CachedProblem(StatusCodes.Status409Conflict, "sold-out", "Every coupon of this event is taken.");

    private static readonly IResult NotOpen =
        new CachedProblem(StatusCodes.Status403Forbidden, "not-open", "This event has not begun.");

    private static readonly IResult Closed =
        new CachedProblem(StatusCodes.Status410Gone, "closed", "This event is over.");

    public static void MapCoupons(this IEndpointRouteBuilder api)
    {
        var events = api.MapGroup("/coupon-events").WithTags("Coupons");

        events.MapPost("/", async (CouponEventDraft draft, OpenCouponEvent open, RequestCoupon requests, TimeProvider time, HttpContext http) =>
        {
            var opened = await open.ExecuteAsync(http.NewId(time), draft, http.RequestAborted);
            return TypedResults.Created($"/coupon-events/{opened.Id}", await ViewAsync(opened, requests, http.RequestAborted));
        })
        .RequireAuthorization(Operators.Policy)
        .WithIdempotencyKey()
        .WithSummary("Open a coupon event, as an operator; it gives out `limit` coupons, 100 when absent, to the first who ask.")
        .WithProblems(400, "name-required", "name-too-long", "name-invalid-text", "limit-out-of-range", "closesAt-required", "closesAt-too-early")
        .WithProblems(403, "operators-only")
        .TakesJson();

        events.MapGet("/", async ([AsParameters] PageQuery page, ICouponStore coupons, RequestCoupon requests, CancellationToken cancellationToken) =>
        {
            var limit = page.Take();
            var found = await coupons.ListEventsAsync(page.Before(), limit + 1, cancellationToken);
            var (items, next) = Paging.Cut(found, limit, couponEvent => couponEvent.Id.ToString());
            var views = new List<CouponEventView>(items.Count);
            foreach (var couponEvent in items)
                views.Add(await ViewAsync(couponEvent, requests, cancellationToken));
            return TypedResults.Ok(new Listing<CouponEventView>(views, next, Partial: false));
        })
        .WithSummary("Coupon events, newest first.")
        .IsListing();

        events.MapGet("/{id:guid}", async (Guid id, ICouponStore coupons, RequestCoupon requests, CancellationToken cancellationToken) =>
        {
            var found = await coupons.FindEventAsync(id, cancellationToken)
                ?? throw FeedBoxException.NotFound("coupon-event-not-found", "There is no such coupon event.");
            return TypedResults.Ok(await ViewAsync(found, requests, cancellationToken));
        })
        .WithSummary("A coupon event with the live count of what is taken.")
        .WithProblems(404, "coupon-event-not-found");

        events.MapPost("/{id:guid}/requests", async ValueTask<IResult> (Guid id, Caller caller, RequestCoupon request, CancellationToken cancellationToken) =>
            await request.ExecuteAsync(id, caller.Id, cancellationToken) switch
            {
                CouponAnswer.Accepted => Accepted,
                CouponAnswer.AlreadyRequested => AlreadyRequested,
                CouponAnswer.SoldOut => SoldOut,
                CouponAnswer.NotOpen => NotOpen,
                CouponAnswer.Closed => Closed,
                var unknown => throw new UnreachableException($"{unknown} has no answer."),
            })
        .WithIdempotencyKey()
        .Produces<CouponRequestStatus>(StatusCodes.Status202Accepted)
        .WithSummary("Ask for a coupon. Accepted is a promise: the coupon appears in `/coupons` within a second.")
        .WithProblems(403, "not-open")
        .WithProblems(404, "coupon-event-not-found")
        .WithProblems(409, "already-requested", "sold-out")
        .WithProblems(410, "closed")
        .WithProblems(503, "dependency-unavailable");

        var coupons = api.MapGroup("/coupons").WithTags("Coupons");

        coupons.MapGet("/", async ([AsParameters] PageQuery page, Caller caller, ICouponStore store, TimeProvider time, CancellationToken cancellationToken) =>
        {
            var limit = page.Take();
            var found = await store.ListUsableAsync(caller.Id, time.GetUtcNow(), page.Before(), limit + 1, cancellationToken);
            var (items, next) = Paging.Cut(found, limit, coupon => coupon.Id.ToString());
            return TypedResults.Ok(new Listing<Coupon>(items, next, Partial: false));
        })
        .WithSummary("The caller's coupons that can be used now, newest first.")
        .IsListing();

        coupons.MapPost("/{id:guid}/use", async Task<IResult> (Guid id, Caller caller, ICouponStore store, TimeProvider time, CancellationToken cancellationToken) =>
        {
            var now = time.GetUtcNow();
            return await store.UseAsync(id, caller.Id, now, cancellationToken) switch
            {
                CouponUse.Used => TypedResults.Ok(new UsedCoupon(id, now)),
                CouponUse.AlreadyUsed => throw FeedBoxException.Conflict("already-used", "This coupon was used before."),
                CouponUse.Expired => throw new FeedBoxException(ProblemKind.Gone, "expired", "This coupon's event is over."),
                CouponUse.NotFound => throw FeedBoxException.NotFound("coupon-not-found", "You have no such coupon."),
                var unknown => throw new UnreachableException($"{unknown} has no answer."),
            };
        })
        .WithIdempotencyKey()
        .Produces<UsedCoupon>()
        .WithSummary("Use a coupon, once.")
        .WithProblems(404, "coupon-not-found")
        .WithProblems(409, "already-used")
        .WithProblems(410, "expired");
    }

    private static async ValueTask<CouponEventView> ViewAsync(CouponEvent couponEvent, RequestCoupon requests, CancellationToken cancellationToken)
    {
        var accepted = await requests.CountAsync(couponEvent, cancellationToken);
        return new(couponEvent.Id, couponEvent.Name, couponEvent.Limit, couponEvent.OpensAt, couponEvent.ClosesAt, accepted, couponEvent.Limit - accepted);
    }
}
