using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.Inbox;
using FeedBox.Core.UserTeam;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Inbox;

/// <summary>
/// Puts an approved post into the inbox of each follower, chunk by chunk with a checkpoint after each, so that memory stays flat
/// and a crash goes on where it was. Every approved version does it: one that is the first to be approved reaches everybody,
/// a later one those who are new.
/// </summary>
public sealed class FanOutPosts(IInboxStore inbox, IUserTeam userTeam, IOptions<FanOutOptions> options, TimeProvider time) : IEventHandler
{
    private readonly FanOutOptions _options = options.Value;

    public string Group => ConsumerGroups.PostSubscribing;
    public IReadOnlyList<string> Topics { get; } = [Core.Events.Topics.PostInspected];

    public Task HandleAsync(FeedEvent e, CancellationToken cancellationToken) => e.Type switch
    {
        EventTypes.PostApproved => FanOutAsync(EventCodec.ReadData(e, EventJson.Default.PostApproved), cancellationToken),
        EventTypes.PostWithdrawn => WithdrawAsync(EventCodec.ReadData(e, EventJson.Default.PostWithdrawn), cancellationToken),
        _ => Task.CompletedTask,
    };

    private async Task FanOutAsync(PostApproved post, CancellationToken cancellationToken)
    {
        var progress = await inbox.GetFanOutAsync(post.PostId, post.Version, cancellationToken);
        var advanced = false;
        while (!progress.Finished)
        {
            try
            {
                progress = await AddChunkAsync(post, progress.Cursor, cancellationToken);
                advanced = true;
            }
            catch (Exception e) when (advanced && IsTransient(e) && !cancellationToken.IsCancellationRequested)
            {
                // A million followers are a thousand calls: now and then one fails, which must not use up the retries of the whole.
                advanced = false;
                await Task.Delay(_options.RetryDelay, time, cancellationToken);
            }
        }
    }

    private async Task<FanOutProgress> AddChunkAsync(PostApproved post, string? cursor, CancellationToken cancellationToken)
    {
        var followers = await userTeam.GetFollowersAsync(post.AuthorId, cursor, _options.ChunkSize, cancellationToken);
        await inbox.AddAsync(post.PostId, post.Version, post.AuthorId, followers.Items, followers.Next, time.GetUtcNow(), cancellationToken);
        return new(Finished: followers.Next is null, followers.Next);
    }

    private Task WithdrawAsync(PostWithdrawn post, CancellationToken cancellationToken) =>
        inbox.WithdrawAsync(post.PostId, post.Version, cancellationToken);

    private static bool IsTransient(Exception e) => e is not (PermanentFailureException or DependencyUnavailableException);
}
