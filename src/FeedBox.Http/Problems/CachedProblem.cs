using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace FeedBox.Http.Problems;

/// <summary>A problem that is given thousands of times a second: written once, and only its traceId anew.</summary>
internal sealed class CachedProblem : IResult
{
    private readonly int _status;
    private readonly byte[] _head;
    private readonly byte[] _tail;
    private readonly string? _retryAfter;

    public CachedProblem(int status, string code, string detail, TimeSpan? retryAfter = null)
    {
        const string mark = "[traceId]";
        var problem = new Problem($"urn:feedbox:problem:{code}", ReasonPhrases.GetReasonPhrase(status), status, detail, code, mark);
        var halves = JsonSerializer.Serialize(problem, HttpJson.Default.Problem).Split(mark);
        _retryAfter = ProblemResult.RetryAfter(retryAfter);
        (_status, _head, _tail) = (status, Encoding.UTF8.GetBytes(halves[0]), Encoding.UTF8.GetBytes(halves[1]));
    }

    public async Task ExecuteAsync(HttpContext http)
    {
        var traceId = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier; // both are plain ASCII
        var length = _head.Length + traceId.Length + _tail.Length;
        var response = http.Response;
        response.StatusCode = _status;
        response.ContentType = "application/problem+json";
        response.ContentLength = length;
        if (_retryAfter is not null)
            response.Headers.RetryAfter = _retryAfter;
        var body = response.BodyWriter.GetSpan(length);
        _head.CopyTo(body);
        Encoding.ASCII.GetBytes(traceId, body[_head.Length..]);
        _tail.CopyTo(body[(_head.Length + traceId.Length)..]);
        response.BodyWriter.Advance(length);
        await response.BodyWriter.FlushAsync(http.RequestAborted);
    }
}
