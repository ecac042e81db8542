using FeedBox.Http.Idempotency;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FeedBox.Http;

internal static class Bodies
{
    /// <summary>
    /// Bodies are UTF-8 (the framework fails on charsets it does not know), and that of a request with an Idempotency-Key is kept,
    /// so that it can be hashed after it was read.
    /// </summary>
    public static void UseBodies(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (http.Request.ContentType is { } type && type.Contains("charset", StringComparison.OrdinalIgnoreCase) && !IsUtf8(type))
            return ProblemResult.ForStatus(StatusCodes.Status415UnsupportedMediaType).ExecuteAsync(http);
        if (http.Request.Headers.ContainsKey(IdempotencyFilter.KeyHeader))
            http.Request.EnableBuffering(FeedBoxHttp.MaxBodyBytes + 1);
        return next(http);
    });

    private static bool IsUtf8(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
