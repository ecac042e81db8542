namespace FeedBox.UserTeamMock;

/// <summary>Section "UserTeam". The defaults are the user team as its callers know it.</summary>
public sealed record UserTeamMockOptions
{
    /// <summary>The share of calls that wait for <see cref="Delay"/> and then answer 500.</summary>
    public double Failures { get; init; } = 0.2;

    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a call takes that does not fail.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.Zero;

    /// <summary>One seed, one sequence of failures.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The first 15 have names and follow each other; all above are made up, and follow user 1 and one other.</summary>
    public int Users { get; init; } = 15;
}
