namespace FeedBox.Core;

/// <summary>How the outside is told: each kind is one HTTP status.</summary>
public enum ProblemKind { Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Gone, PreconditionFailed, PreconditionRequired, TooLarge, Unavailable }

/// <summary>A refusal that the caller can act on. <paramref name="code"/> is stable: clients may branch on it.</summary>
public sealed class FeedBoxException(ProblemKind kind, string code, string message, Exception? cause = null) : Exception(message, cause)
{
    public ProblemKind Kind { get; } = kind;
    public string Code { get; } = code;

    public static FeedBoxException Invalid(string code, string message) => new(ProblemKind.Invalid, code, message);
    public static FeedBoxException NotFound(string code, string message) => new(ProblemKind.NotFound, code, message);
    public static FeedBoxException Forbidden(string code, string message) => new(ProblemKind.Forbidden, code, message);
    public static FeedBoxException Conflict(string code, string message) => new(ProblemKind.Conflict, code, message);
}

/// <summary>
/// A dependency answers nobody at the moment (breaker open, or no call succeeded while this one was tried).
/// It says nothing about the message at hand: consumers pause for <see cref="RetryAfter"/> and count no attempt.
/// </summary>
public sealed class DependencyUnavailableException(string dependency, TimeSpan retryAfter, Exception? cause = null)
    : Exception($"{dependency} is unavailable", cause)
{
    public string Dependency { get; } = dependency;
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>This message can never be handled: malformed, unknown schema, broken invariant. It is dead-lettered at once.</summary>
public sealed class PermanentFailureException(string message, Exception? cause = null) : Exception(message, cause);
