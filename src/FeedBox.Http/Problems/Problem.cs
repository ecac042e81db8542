using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FeedBox.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace FeedBox.Http.Problems;

/// <summary>RFC 9457. <paramref name="Code"/> is what clients branch on; it never changes its meaning.</summary>
public sealed record Problem(string Type, string Title, int Status, string Detail, string Code, string TraceId);

/// <summary>Answers with a problem, whatever the Accept header says: a client that cannot read it still gets the status.</summary>
internal sealed class ProblemResult(int status, string code, string detail, TimeSpan? retryAfter = null) : IResult
{
    public int Status => status;

    public static ProblemResult From(Exception exception) => exception switch
    {
        FeedBoxException e => new(StatusOf(e.Kind), e.Code, e.Message),
        DependencyUnavailableException e => Unavailable(e.RetryAfter),
        HttpRequestException => Unavailable(TimeSpan.FromSeconds(1)),
        BadHttpRequestException { InnerException: JsonException { InnerException: not JsonException, Path: { Length: < 100 } path } } =>
            new(StatusCodes.Status400BadRequest, "invalid-json-value", $"The value at {path} cannot be read as what belongs there."),
        BadHttpRequestException { InnerException: JsonException } =>
            new(StatusCodes.Status400BadRequest, "malformed-json", "The body is not valid JSON."),
        BadHttpRequestException e => ForStatus(e.StatusCode),
        _ => ForStatus(StatusCodes.Status500InternalServerError),
    };

    /// <summary>For answers that the framework gives without a body.</summary>
    public static ProblemResult ForStatus(int status) => status switch
    {
        400 => new(status, "invalid-request", "The request, or its body, is missing something or cannot be read."),
        401 => new(status, "unauthenticated", "A valid bearer token of the user team is needed."),
        403 => new(status, "operators-only", "Only operators may do this."),
        404 => new(status, "not-found", "There is nothing at this address."),
        405 => new(status, "method-not-allowed", "This address does not know that method; see the Allow header."),
        413 => new(status, "body-too-large", $"A body may have at most {FeedBoxHttp.MaxBodyBytes} bytes."),
        415 => new(status, "unsupported-media-type", "The body must be application/json in UTF-8."),
        >= 500 => new(status, "internal-error", "Something went wrong on our side; the traceId helps us find it."),
        _ => new(status, "refused", "The request was refused."),
    };

    public Task ExecuteAsync(HttpContext http)
    {
        var response = http.Response;
        response.StatusCode = status;
        if (RetryAfter(retryAfter) is { } seconds)
            response.Headers.RetryAfter = seconds;
        var problem = new Problem(
            $"urn:feedbox:problem:{code}", ReasonPhrases.GetReasonPhrase(status), status, detail, code,
            Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier);
        return response.WriteAsJsonAsync(problem, HttpJson.Default.Problem, "application/problem+json", http.RequestAborted);
    }

    /// <summary>In whole seconds, at least one.</summary>
    public static string? RetryAfter(TimeSpan? wait) =>
        wait is { TotalSeconds: var seconds } ? Math.Max(1, (int)Math.Ceiling(seconds)).ToString(CultureInfo.InvariantCulture) : null;

    private static ProblemResult Unavailable(TimeSpan retryAfter) => new(
        StatusCodes.Status503ServiceUnavailable, "dependency-unavailable", "A service that this needs does not answer now; try again.", retryAfter);

    private static int StatusOf(ProblemKind kind) => kind switch
    {
        ProblemKind.Invalid => StatusCodes.Status400BadRequest,
        ProblemKind.Unauthenticated => StatusCodes.Status401Unauthorized,
        ProblemKind.Forbidden => StatusCodes.Status403Forbidden,
        ProblemKind.NotFound => StatusCodes.Status404NotFound,
        ProblemKind.Conflict => StatusCodes.Status409Conflict,
        ProblemKind.Gone => StatusCodes.Status410Gone,
        ProblemKind.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        ProblemKind.PreconditionRequired => StatusCodes.Status428PreconditionRequired,
        ProblemKind.TooLarge => StatusCodes.Status413PayloadTooLarge,
        ProblemKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => throw new UnreachableException($"{kind} has no status."),
    };
}
