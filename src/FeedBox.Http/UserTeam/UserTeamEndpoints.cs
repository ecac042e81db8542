using System.ComponentModel;
using FeedBox.Core;
using FeedBox.Core.Inbox;
using FeedBox.Core.UserTeam;
using FeedBox.Http.Callers;
using FeedBox.Http.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.UserTeam;

/// <summary>What a client needs of the user team, through FeedBox, so that it has one API to talk to.</summary>
internal static class UserTeamEndpoints
{
    public static void MapUserTeam(this IEndpointRouteBuilder api)
    {
        var users = api.MapGroup("").WithTags("User team");

        users.MapGet("/users", async (
            [Description("Up to 100 user ids, separated by commas.")] string? ids, INameDirectory names, CancellationToken cancellationToken) =>
            TypedResults.Ok(await NamedAsync(ParseIds(ids), names, cancellationToken)))
        .WithSummary("The users among the ids that exist.")
        .WithProblems(400, "invalid-ids");

        users.MapGet("/categories", async (CategoryList categories, CancellationToken cancellationToken) =>
            TypedResults.Ok(new Listing<Category>(await categories.GetAsync(cancellationToken), null, Partial: false)))
        .WithSummary("Every category.")
        .WithProblems(503, "dependency-unavailable");

        users.MapGet("/followings", async (Caller caller, INameDirectory names, CancellationToken cancellationToken) =>
            await names.GetFollowingsAsync(caller.Id, cancellationToken) is { } followings
                ? TypedResults.Ok(await NamedAsync([.. followings.Order()], names, cancellationToken))
                : TypedResults.Ok(new Listing<NamedUser>([], null, Partial: true)))
        .WithSummary("Whom the caller follows; partial when that is not known now.");

        users.MapPut("/followings/{userId:long}", async (
            long userId, Caller caller, IUserTeam userTeam, INameDirectory names, ReadInbox inbox, CancellationToken cancellationToken) =>
        {
            if (userId == caller.Id)
                throw FeedBoxException.Invalid("cannot-follow-yourself", "Nobody follows himself.");
            if (userId <= 0 || await userTeam.GetUserAsync(userId, cancellationToken) is null)
                throw FeedBoxException.NotFound("user-not-found", "There is no such user.");
            try
            {
                await userTeam.FollowAsync(caller.Id, userId, cancellationToken);
            }
            finally
            {
                names.ForgetFollowings(caller.Id); // done or not: of a change without an answer nobody knows
            }
            await inbox.TakeInAsync(caller.Id, [userId], cancellationToken);
            return TypedResults.NoContent();
        })
        .WithSummary("Follow a user; the inbox takes in the latest posts.")
        .WithProblems(400, "cannot-follow-yourself")
        .WithProblems(404, "user-not-found")
        .WithProblems(503, "dependency-unavailable");

        users.MapDelete("/followings/{userId:long}", async (
            long userId, Caller caller, IUserTeam userTeam, INameDirectory names, CancellationToken cancellationToken) =>
        {
            if (userId <= 0)
                throw FeedBoxException.NotFound("user-not-found", "There is no such user.");
            try
            {
                await userTeam.UnfollowAsync(caller.Id, userId, cancellationToken);
            }
            finally
            {
                names.ForgetFollowings(caller.Id);
            }
            return TypedResults.NoContent();
        })
        .WithSummary("Stop following a user; his posts leave the inbox.")
        .WithProblems(404, "user-not-found")
        .WithProblems(503, "dependency-unavailable");
    }

    private static async Task<Listing<NamedUser>> NamedAsync(IReadOnlyCollection<long> ids, INameDirectory names, CancellationToken cancellationToken)
    {
        var known = await names.GetNamesAsync(ids, [], cancellationToken);
        return new(
            [.. ids.Where(id => known.Partial || known.Users.ContainsKey(id)).Select(id => new NamedUser(id, known.Users.GetValueOrDefault(id)))],
            null, known.Partial);
    }

    private static IReadOnlyList<long> ParseIds(string? text)
    {
        var parts = text?.Split(',') ?? [];
        var ids = new List<long>();
        foreach (var part in parts)
            if (Caller.TryParse(part, out var id))
                ids.Add(id);
        return ids.Count is >= 1 and <= Paging.MaxLimit && ids.Count == parts.Length
            ? [.. ids.Distinct()]
            : throw FeedBoxException.Invalid("invalid-ids", $"ids must be 1 to {Paging.MaxLimit} positive numbers, separated by commas.");
    }
}

/// <param name="Name">Null when the user team could not be asked.</param>
public sealed record NamedUser(long Id, string? Name);
