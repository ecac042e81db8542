namespace FeedBox.Core.Inspection;

public enum InspectionState { Pending, Approved, Rejected }

/// <summary>What the inspection said of the current version of a post.</summary>
/// <param name="Reason">Why it was rejected, in words for the author; null otherwise.</param>
public sealed record PostInspection(InspectionState State, IReadOnlyList<string> Tags, string? Reason, DateTimeOffset? InspectedAt)
{
    public const int MaxTags = 5;
    public const int MaxTagLength = 30;
    public const int MaxReasonLength = 300;

    public static PostInspection Pending { get; } = new(InspectionState.Pending, [], null, null);
}
