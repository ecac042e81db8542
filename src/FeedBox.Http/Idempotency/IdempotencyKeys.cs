using System.Security.Cryptography;
using System.Text;
using FeedBox.Core;
using FeedBox.Core.Idempotency;
using FeedBox.Http.Callers;
using FeedBox.Http.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace FeedBox.Http.Idempotency;

/// <summary>
/// A POST with an Idempotency-Key runs once: whoever repeats it within 24 hours gets the first answer again.
/// Refusals (4xx) are answers too; failures (5xx) are not, so the next try runs.
/// </summary>
internal sealed class IdempotencyFilter(IIdempotencyStore store, TimeProvider time) : IEndpointFilter
{
    public const string KeyHeader = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";
    private const int MaxKeyLength = 255;
    private const int MaxStoredBytes = 64 * 1024;
    private static readonly string[] StoredHeaders = ["Content-Type", "Location", "ETag", "Retry-After"];

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (!http.Request.Headers.TryGetValue(KeyHeader, out var header))
            return await next(context);

        var key = Check(header);
        var caller = Caller.Of(http.User).Id;
        var fingerprint = await FingerprintAsync(http.Request, http.RequestAborted);
        switch (await store.ClaimAsync(caller, key, fingerprint, time.GetUtcNow(), http.RequestAborted))
        {
            case IdempotencyClaim.Granted granted:
                http.Features.Set(granted);
                return new Answer(await RunAsync(), Replayed: false);
            case IdempotencyClaim.Answered answered:
                return new Answer(answered.Answer, Replayed: true);
            case IdempotencyClaim.Busy:
                return new ProblemResult(
                    StatusCodes.Status409Conflict, "request-in-progress", "A request with this Idempotency-Key is under way.", TimeSpan.FromSeconds(1));
            default:
                return new ProblemResult(
                    StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "This Idempotency-Key was used for another request.");
        }

        async Task<StoredAnswer> RunAsync()
        {
            try
            {
                var answer = await RecordAsync(http, await RefusalsAsAnswersAsync(context, next));
                if (answer.Status < 500 && answer.Body.Length <= MaxStoredBytes)
                    await store.AnswerAsync(caller, key, answer, CancellationToken.None);
                else
                    await store.ReleaseAsync(caller, key, CancellationToken.None);
                return answer;
            }
            catch
            {
                await store.ReleaseAsync(caller, key, CancellationToken.None);
                throw;
            }
        }
    }

    private static string Check(StringValues header) =>
        header is [{ Length: >= 1 and <= MaxKeyLength } key] && !key.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? key
            : throw FeedBoxException.Invalid(
                "invalid-idempotency-key", $"{KeyHeader} must be one value of 1 to {MaxKeyLength} visible ASCII characters.");

    private static async Task<string> FingerprintAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.Path}{request.QueryString}\n"));
        request.Body.Position = 0;
        var buffer = new byte[4096];
        while (await request.Body.ReadAsync(buffer, cancellationToken) is > 0 and var read)
            hash.AppendData(buffer, 0, read);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async Task<IResult> RefusalsAsAnswersAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context) as IResult ?? throw new InvalidOperationException("A POST handler must return an IResult.");
        }
        catch (FeedBoxException e)
        {
            return ProblemResult.From(e);
        }
    }

    private static async Task<StoredAnswer> RecordAsync(HttpContext http, IResult result)
    {
        var wire = http.Response.Body;
        using var recorded = new MemoryStream();
        http.Response.Body = recorded;
        try
        {
            await result.ExecuteAsync(http);
            await http.Response.BodyWriter.FlushAsync();
        }
        finally
        {
            http.Response.Body = wire;
        }
        var headers = StoredHeaders
            .Where(http.Response.Headers.ContainsKey)
            .Select(name => KeyValuePair.Create(name, http.Response.Headers[name].ToString()));
        return new(http.Response.StatusCode, [.. headers], recorded.ToArray());
    }

    private sealed record Answer(StoredAnswer Stored, bool Replayed) : IResult
    {
        public async Task ExecuteAsync(HttpContext http)
        {
            http.Response.StatusCode = Stored.Status;
            foreach (var (name, value) in Stored.Headers)
                http.Response.Headers[name] = value;
            if (Replayed)
                http.Response.Headers[ReplayedHeader] = "true";
            http.Response.ContentLength = Stored.Body.Length;
            await http.Response.Body.WriteAsync(Stored.Body, http.RequestAborted);
        }
    }
}

/// <summary>Marks the endpoints that take an Idempotency-Key, for the API description.</summary>
internal sealed class TakesIdempotencyKey;

internal static class IdempotencyKeys
{
    public static RouteHandlerBuilder WithIdempotencyKey(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter<IdempotencyFilter>().WithMetadata(new TakesIdempotencyKey());

    /// <summary>The id of what this request creates: that of the operation when the request carries a key, a fresh one otherwise.</summary>
    public static Guid NewId(this HttpContext http, TimeProvider time) =>
        http.Features.Get<IdempotencyClaim.Granted>()?.OperationId ?? Guid.CreateVersion7(time.GetUtcNow());
}
