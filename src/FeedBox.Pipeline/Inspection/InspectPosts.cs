using System.Collections.Concurrent;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;

namespace FeedBox.Pipeline.Inspection;

/// <summary>
/// Has every version of a post judged once, and stores the verdict together with the event that tells of it.
/// What was deleted or changed meanwhile is left to the event of that change.
/// </summary>
public sealed class InspectPosts(IPostStore posts, IPostInspector inspector, INameDirectory names, TimeProvider time) : IEventHandler
{
    private const int MaxUnsaved = 10_000;
    private static readonly InspectionVerdict NoSuchCategory = new(Approved: false, [], "그런 카테고리가 없습니다.");

    /// <summary>Verdicts that could not be stored yet, so that a failing store does not cost another inspection.</summary>
    private readonly ConcurrentDictionary<(Guid Post, int Version), Verdict> _unsaved = new();

    private sealed record Verdict(InspectionVerdict Inspection, string? CategoryName);

    public string Group => ConsumerGroups.PostInspect;
    public IReadOnlyList<string> Topics { get; } = [Core.Events.Topics.PostOriginal];

    public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => e.Type switch
    {
        EventTypes.PostCreated or EventTypes.PostUpdated =>
            InspectAsync(EventCodec.ReadData(e, EventJson.Default.PostChanged), cancellationToken),
        _ => Task.CompletedTask,
    };

    private async Task InspectAsync(PostChanged changed, CancellationToken cancellationToken)
    {
        while (await FindPendingAsync(changed, cancellationToken) is { } basis)
        {
            var verdict = await JudgeOnceAsync(basis, cancellationToken);
            var (updated, events) = Apply(basis, verdict);
            if (await posts.ReplaceAsync(basis, updated, events, cancellationToken))
                break;
        }
        _unsaved.TryRemove((changed.PostId, changed.Version), out _);
    }

    private async Task<Post?> FindPendingAsync(PostChanged changed, CancellationToken cancellationToken)
    {
        var post = await posts.FindAsync(changed.PostId, cancellationToken);
        if (post is null || post.Version < changed.Version)
            throw new InvalidOperationException($"Version {changed.Version} of post {changed.PostId} is not in the store.");
        return post.Version == changed.Version && !post.IsDeleted && post.Inspection.State == InspectionState.Pending ? post : null;
    }

    private async Task<Verdict> JudgeOnceAsync(Post post, CancellationToken cancellationToken)
    {
        var key = (post.Id, post.Version);
        if (_unsaved.TryGetValue(key, out var known))
            return known;
        var category = await names.RequireCategoryAsync(post.CategoryId, cancellationToken);
        var inspection = category is null
            ? NoSuchCategory
            : await inspector.InspectAsync(new(category.Name, post.Title, post.Content), cancellationToken);
        if (_unsaved.Count >= MaxUnsaved)
            _unsaved.Clear(); // left behind by messages that were dead-lettered or went to another process
        return _unsaved[key] = new(inspection, category?.Name);
    }

    private (Post Updated, IReadOnlyList<OutboundEvent> Events) Apply(Post basis, Verdict verdict)
    {
        var now = time.GetUtcNow();
        var (approved, tags, reason) = verdict.Inspection;
        if (approved)
        {
            var visible = basis with { Inspection = new(InspectionState.Approved, tags, null, now), PublishedVersion = basis.Version };
            return (visible, [PostEvents.Approved(visible, verdict.CategoryName, first: basis.PublishedVersion is null, now)]);
        }
        var rejected = basis with { Inspection = new(InspectionState.Rejected, [], reason, now), PublishedVersion = null };
        return (rejected, basis.PublishedVersion is null ? [] : [PostEvents.Withdrawn(rejected, "rejected", now)]);
    }
}
