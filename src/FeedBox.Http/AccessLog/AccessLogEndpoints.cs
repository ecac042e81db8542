using System.ComponentModel;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using FeedBox.Core;
using FeedBox.Core.AccessLog;
using FeedBox.Http.OpenApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace FeedBox.Http.AccessLog;

/// <summary>What an entry must fit, as text, so that nonsense gets our code and not the framework's.</summary>
internal readonly partial record struct AccessLogFilter
{
    private const int MaxMethod = 20;
    private const int MaxPath = 2_000;

    [FromQuery(Name = "ip"), Description("An address.")]
    public string? Ip { get; init; }

    [FromQuery(Name = "method"), Description("GET, POST, …")]
    public string? Method { get; init; }

    [FromQuery(Name = "path"), Description("What the path begins with.")]
    public string? Path { get; init; }

    [FromQuery(Name = "status"), Description("A status, such as 404, or a class of them, such as 5xx.")]
    public string? Status { get; init; }

    [FromQuery(Name = "from"), Description("A time, ISO 8601; inclusive.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("A time, ISO 8601; exclusive.")]
    public string? To { get; init; }

    /// <exception cref="FeedBoxException">A code for the parameter that makes no sense.</exception>
    public AccessLogQuery Read(Guid? before, int limit)
    {
        var (min, max) = Statuses();
        return new(
            Address(), Method is null ? null : UserText.Require(Method, "method", MaxMethod).ToUpperInvariant(),
            Path is null ? null : UserText.Require(Path, "path", MaxPath), min, max, Time(From, "from"), Time(To, "to"), before, limit);
    }

    private string? Address() => Ip switch
    {
        null => null,
        _ when IPAddress.TryParse(Ip, out var address) => AccessLogging.Text(address),
        _ => throw FeedBoxException.Invalid("invalid-ip", "ip must be an address."),
    };

    private (int? Min, int? Max) Statuses()
    {
        if (Status is null)
            return default;
        if (!StatusPattern().IsMatch(Status))
            throw FeedBoxException.Invalid("invalid-status", "status must be a number from 100 to 599, or a class such as 5xx.");
        var first = int.Parse(Status.Replace('x', '0'), CultureInfo.InvariantCulture);
        return (first, Status.EndsWith("xx", StringComparison.Ordinal) ? first + 99 : first);
    }

    private static DateTimeOffset? Time(string? text, string field) => text switch
    {
        null => null,
        _ when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) => time,
        _ => throw FeedBoxException.Invalid($"invalid-{field}", $"{field} must be a time such as 2026-03-01T09:30:00Z."),
    };

    [GeneratedRegex("^[1-5]([0-9]{2}|xx)\\z", RegexOptions.CultureInvariant)]
    private static partial Regex StatusPattern();
}

internal static class AccessLogEndpoints
{
    public static void MapAccessLog(this IEndpointRouteBuilder operators) =>
        operators.MapGet("/access-log", async ([AsParameters] AccessLogFilter filter, [AsParameters] PageQuery page, IAccessLogStore store, CancellationToken cancellationToken) =>
        {
            var limit = page.Take();
            var found = await store.FindAsync(filter.Read(page.Before(), limit + 1), cancellationToken);
            var (items, next) = Paging.Cut(found, limit, entry => entry.Id.ToString());
            return TypedResults.Ok(new Listing<AccessLogEntry>(items, next, Partial: false));
        })
        .WithSummary("Answered requests, the newest first.")
        .WithProblems(400, "invalid-ip", "invalid-status", "invalid-from", "invalid-to", "method-too-long", "path-too-long")
        .WithProblems(503, "dependency-unavailable")
        .IsListing();
}
