namespace FeedBox.Core.AccessLog;

/// <summary>An HTTP request and its answer.</summary>
/// <param name="Id">In the order of the answers, as far as one process and a millisecond tell.</param>
/// <param name="At">When it was answered.</param>
/// <param name="Service">The process that answered; a request that one process hands to another is one entry of each, with the same trace.</param>
/// <param name="Ip">Who was connected: the proxy where there is one, unless the process is told to trust its headers.</param>
/// <param name="Path">Percent-encoded, and without the query, which may hold what is private.</param>
/// <param name="Status">499 when the caller left before there was an answer.</param>
/// <param name="Bytes">Of the answer's body.</param>
/// <param name="Referrer">Without its query.</param>
public sealed record AccessLogEntry(
    Guid Id, DateTimeOffset At, string Service, string? Ip, string Method, string Path, int Status, long Bytes, double DurationMs,
    string? Referrer, string? Agent, string? TraceId);

/// <summary>Entries that fit all that is given.</summary>
/// <param name="Path">What the path begins with.</param>
/// <param name="MinStatus">Inclusive, as is <paramref name="MaxStatus"/>.</param>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
/// <param name="Before">The id of the last entry of the page before.</param>
public sealed record AccessLogQuery(
    string? Ip = null, string? Method = null, string? Path = null, int? MinStatus = null, int? MaxStatus = null,
    DateTimeOffset? From = null, DateTimeOffset? To = null, Guid? Before = null, int Limit = Paging.DefaultLimit);

/// <summary>The answered requests of the last weeks, for operators to search.</summary>
public interface IAccessLogStore
{
    /// <summary>Found within about a second. An entry that is there already stays as it is.</summary>
    /// <exception cref="DependencyUnavailableException">The store does not answer.</exception>
    Task AddAsync(AccessLogEntry entry, CancellationToken cancellationToken);

    /// <summary>Newest first, at most <see cref="AccessLogQuery.Limit"/>.</summary>
    /// <exception cref="DependencyUnavailableException">The store does not answer.</exception>
    Task<IReadOnlyList<AccessLogEntry>> FindAsync(AccessLogQuery query, CancellationToken cancellationToken);

    /// <summary>Forgets the entries of days (UTC) that ended before; may keep those of the last day longer.</summary>
    /// <exception cref="DependencyUnavailableException">The store does not answer.</exception>
    Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken);
}
