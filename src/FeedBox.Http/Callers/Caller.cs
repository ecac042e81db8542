using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace FeedBox.Http.Callers;

/// <summary>Who calls, as proven by the request's credentials; never taken from a body or a path.</summary>
public readonly record struct Caller(long Id)
{
    public const string IdClaim = "sub";

    public static ValueTask<Caller> BindAsync(HttpContext http) => new(Of(http.User));

    public static Caller Of(ClaimsPrincipal user) => user.FindFirst(IdClaim) is { } id
        ? new(long.Parse(id.Value, CultureInfo.InvariantCulture))
        : throw new InvalidOperationException("This endpoint does not require a caller.");

    /// <summary>User ids are positive 64-bit numbers in plain decimal.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long id) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id > 0;
}
