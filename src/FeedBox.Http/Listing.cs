using System.ComponentModel;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FeedBox.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace FeedBox.Http;

/// <param name="Next">The cursor of the following page; null on the last.</param>
/// <param name="Partial">True when something, a name mostly, is missing because a dependency could not be asked.</param>
public sealed record Listing<T>(IReadOnlyList<T> Items, string? Next, bool Partial);

/// <summary>A page whose items carry texts, written by the generated serializer straight into the buffer of the answer.</summary>
internal sealed class ListingResult<T>(Listing<T> page, JsonTypeInfo<Listing<T>> json) : IResult, IEndpointMetadataProvider
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public async Task ExecuteAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        using (var writer = new Utf8JsonWriter(http.Response.BodyWriter, Readable))
            JsonSerializer.Serialize(writer, page, json);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(Listing<T>), ["application/json"]));
}

/// <summary>The two query parameters of every listing, as text, so that nonsense gets our code and not the framework's.</summary>
public readonly record struct PageQuery
{
    private const int MaxCursorLength = 512;

    [FromQuery(Name = "cursor"), Description("From `next` of the page before.")]
    public string? Cursor { get; init; }

    [FromQuery(Name = "limit"), Description("1 to 100; 20 when absent.")]
    public string? Limit { get; init; }

    /// <exception cref="FeedBoxException">Code "invalid-limit".</exception>
    public int Take()
    {
        if (Limit is null)
            return Paging.DefaultLimit;
        return int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= Paging.MaxLimit
            ? limit
            : throw FeedBoxException.Invalid("invalid-limit", $"limit must be a number from 1 to {Paging.MaxLimit}.");
    }

    /// <summary>The cursor of a listing ordered by id.</summary>
    /// <exception cref="FeedBoxException">Code "invalid-cursor".</exception>
    public Guid? Before() => Cursor switch
    {
        null => null,
        _ when Guid.TryParseExact(Cursor, "D", out var id) => id,
        _ => throw InvalidCursor(),
    };

    /// <summary>The cursor of a listing that reads it itself.</summary>
    /// <exception cref="FeedBoxException">Code "invalid-cursor".</exception>
    public string? Opaque() => Cursor is null || (Cursor.Length is > 0 and <= MaxCursorLength && UserText.IsClean(Cursor)) ? Cursor : throw InvalidCursor();

    private static FeedBoxException InvalidCursor() =>
        FeedBoxException.Invalid("invalid-cursor", "cursor must be the next of a page of the same listing.");
}
