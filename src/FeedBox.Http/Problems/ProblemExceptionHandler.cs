using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FeedBox.Http.Problems;

/// <summary>Turns every exception into a problem. Only what nobody expected is logged: refusals are the caller's business.</summary>
internal sealed partial class ProblemExceptionHandler(ILogger<ProblemExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken cancellationToken)
    {
        var problem = ProblemResult.From(exception);
        if (problem.Status == StatusCodes.Status500InternalServerError)
            LogUnexpected(http.Request.Method, http.Request.Path, exception);
        if (!http.RequestAborted.IsCancellationRequested) // else nobody listens any more
            await problem.ExecuteAsync(http);
        return true;
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogUnexpected(string method, string path, Exception exception);
}
