namespace FeedBox.Core.Inspection;

/// <param name="CategoryName">What the post claims to be about.</param>
public sealed record InspectionRequest(string CategoryName, string Title, string Content);

public sealed record InspectionVerdict(bool Approved, IReadOnlyList<string> Tags, string? Reason);

/// <summary>
/// Judges one text: does it fit its category, is it fit to be shown, and what is it about. The text is data, never instructions.
/// The verdict is already validated: at most 5 tags, a reason exactly when rejected.
/// </summary>
public interface IPostInspector
{
    /// <summary>Shown on the page and in traces, e.g. "offline" or "openai:gpt-4o-mini".</summary>
    string Name { get; }

    /// <exception cref="DependencyUnavailableException">The inspector answers nobody now.</exception>
    /// <exception cref="Exception">Anything else is a transient failure of this call, an unusable answer included; it is never a verdict.</exception>
    Task<InspectionVerdict> InspectAsync(InspectionRequest request, CancellationToken cancellationToken);
}
