using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace FeedBox.Http.Web;

/// <summary>The page and the API reference: a handful of files inside the assembly, nothing from elsewhere.</summary>
internal static class Page
{
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void MapPage(this IEndpointRouteBuilder app)
    {
        app.MapFile("/", "index.html", "text/html; charset=utf-8");
        app.MapFile("/app.css", "app.css", "text/css; charset=utf-8");
        app.MapFile("/app.js", "app.js", "text/javascript; charset=utf-8");
        app.MapFile("/coupons.js", "coupons.js", "text/javascript; charset=utf-8");
        app.MapFile("/icon.svg", "icon.svg", "image/svg+xml");
        app.MapFile("/reference", "reference.html", "text/html; charset=utf-8");
        app.MapFile("/reference.js", "reference.js", "text/javascript; charset=utf-8");
    }

    /// <summary>Nothing we answer is guessed at, framed, or runs a script that is not ours.</summary>
    public static void UseBrowserSafety(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        // On starting, because a failure clears what was set before.
        http.Response.OnStarting(static response =>
        {
            var headers = ((HttpResponse)response).Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.CacheControl = "no-cache";
            headers["Referrer-Policy"] = "no-referrer";
            return Task.CompletedTask;
        }, http.Response);
        return next(http);
    });

    private static void MapFile(this IEndpointRouteBuilder app, string path, string file, string contentType)
    {
        using var stream = typeof(Page).Assembly.GetManifestResourceStream(file) ?? throw new FileNotFoundException(file);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"");
        app.MapGet(path, () => TypedResults.Bytes(bytes, contentType, entityTag: tag)).ExcludeFromDescription();
    }
}
