namespace FeedBox.UserTeam;

/// <summary>Section "FeedBox:UserTeam".</summary>
public sealed record UserTeamOptions
{
    public Uri BaseAddress { get; init; } = new("http://127.0.0.1:8088");

    /// <summary>All that one call may take, attempts and pauses together.</summary>
    public TimeSpan TotalBudget { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a read waits before it sends another attempt beside the first. It must lie above the p95 of a healthy answer, or
    /// every slow day multiplies the partner's load; <see cref="HedgeDelay"/> therefore treats this as the least and follows the measured p95.
    /// </summary>
    public TimeSpan HedgeDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Attempts of a read that may be under way together. At a failure rate of 20% all of three fail in 0.8% of the reads.</summary>
    public int HedgedAttempts { get; init; } = 3;

    /// <summary>Once more when all hedged attempts of a read have failed, if the budget allows.</summary>
    public int ReadRetries { get; init; } = 1;

    /// <summary>Follow and unfollow have the same effect once or often, so they are retried, but never sent twice at a time.</summary>
    public int WriteRetries { get; init; } = 3;

    public TimeSpan WriteBudget { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What the partner gets from one process at once, by endpoint, whatever happens here. The next attempts wait for their turn,
    /// which counts as time of the attempt.
    /// </summary>
    public int MaxConcurrentAttempts { get; init; } = 500;

    /// <summary>Well above the 20% that is normal for this partner.</summary>
    public double BreakerFailureRatio { get; init; } = 0.5;

    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(30);

    public int BreakerMinimumCalls { get; init; } = 20;

    public TimeSpan BreakerOpen { get; init; } = TimeSpan.FromSeconds(5);

    public NameDirectoryOptions Names { get; init; } = new();
}

/// <summary>Section "FeedBox:UserTeam:Names".</summary>
public sealed record NameDirectoryOptions
{
    /// <summary>The longest a reader waits for a name nobody knows yet: one hedged round with a healthy third attempt.</summary>
    public TimeSpan ReadBudget { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Unknown ids of concurrent readers that arrive within this time share one call.</summary>
    public TimeSpan BatchWindow { get; init; } = TimeSpan.FromMilliseconds(2);

    public TimeSpan NamesFresh { get; init; } = TimeSpan.FromMinutes(10);

    public TimeSpan NamesKept { get; init; } = TimeSpan.FromDays(7);

    /// <summary>"There is no such user" is believed this long.</summary>
    public TimeSpan AbsentFresh { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan FollowingsFresh { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Older followings are still better than none, but only when asking again brings nothing.</summary>
    public TimeSpan FollowingsKept { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After a failed refresh nobody asks for the same again for this long.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);

    public int NameCapacity { get; init; } = 200_000;

    public int FollowingsCapacity { get; init; } = 10_000;
}
