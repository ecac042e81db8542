using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;

namespace FeedBox.Core.Inbox;

/// <param name="ReadAt">Null while unread.</param>
public sealed record InboxItem(PostView Post, DateTimeOffset AddedAt, DateTimeOffset? ReadAt);

/// <param name="Partial">True when a name, or whom the subscriber follows, is not known now.</param>
public sealed record InboxPage(IReadOnlyList<InboxItem> Items, string? Next, bool Partial);

/// <summary>
/// The inbox as its owner sees it now: posts that are still published, of authors still followed, and of newly followed authors too.
/// When the followings are unknown, it shows everything it holds and says so.
/// </summary>
public sealed class ReadInbox(IInboxStore inbox, IPostStore posts, ReadPosts readPosts, INameDirectory names, TimeProvider time)
{
    /// <summary>What a newly followed author brings, and how many such authors one look takes in; the rest come with the next looks.</summary>
    public const int BackfilledPosts = 20;
    public const int BackfilledAuthors = 20;

    /// <summary>Unread entries are counted up to here.</summary>
    public const int MaxUnread = 100;

    /// <summary>A page that lost entries to the filters is refilled this often at most; after that it is short, and its cursor goes on.</summary>
    private const int MaxRounds = 5;

    public async Task<InboxPage> ListAsync(long subscriber, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var followings = await names.GetFollowingsAsync(subscriber, cancellationToken);
        if (followings is not null && before is null)
            await CatchUpAsync(subscriber, followings, cancellationToken);

        var items = new List<InboxItem>(limit);
        for (var round = 0; round < MaxRounds; round++)
        {
            var asked = (round == 0 ? limit : Paging.MaxLimit) + 1;
            var entries = await inbox.ListAsync(subscriber, before, asked, cancellationToken);
            var followed = followings is null ? entries : [.. entries.Where(entry => followings.Contains(entry.AuthorId))];
            var views = (await readPosts.GetPublishedAsync([.. followed.Select(entry => entry.PostId)], cancellationToken))
                .ToDictionary(view => view.Id);
            foreach (var entry in followed)
            {
                if (!views.TryGetValue(entry.PostId, out var view))
                    continue;
                if (items.Count == limit)
                    return Page(items[^1].Post.Id);
                items.Add(new(view, entry.AddedAt, entry.ReadAt));
            }
            if (entries.Count < asked)
                return Page(next: null);
            before = entries[^1].PostId;
        }
        return Page(before);

        InboxPage Page(Guid? next) => new(items, next?.ToString(), followings is null || items.Any(item => item.Post.Partial));
    }

    /// <summary>Unread entries of authors still followed, counted up to <see cref="MaxUnread"/>.</summary>
    public async Task<int> CountUnreadAsync(long subscriber, CancellationToken cancellationToken)
    {
        var total = await inbox.CountUnreadAsync(subscriber, MaxUnread, cancellationToken);
        if (total == 0 || await names.GetFollowingsAsync(subscriber, cancellationToken) is not { } followings)
            return total;

        var (shown, hidden) = (0, 0);
        Guid? before = null;
        for (var round = 0; round < MaxRounds; round++)
        {
            var entries = await inbox.ListAsync(subscriber, before, Paging.MaxLimit, cancellationToken);
            foreach (var entry in entries.Where(entry => entry.ReadAt is null))
                _ = followings.Contains(entry.AuthorId) ? shown++ : hidden++;
            if (entries.Count < Paging.MaxLimit)
                return Math.Min(shown, MaxUnread);
            if (shown >= MaxUnread || (total < MaxUnread && shown + hidden >= total))
                break;
            before = entries[^1].PostId;
        }
        return Math.Clamp(total - hidden, Math.Min(shown, MaxUnread), MaxUnread);
    }

    /// <summary>
    /// The latest posts of authors just followed. A look takes them in too, but cannot tell whoever left an author and came back since the last one.
    /// </summary>
    public async Task TakeInAsync(long subscriber, IReadOnlyList<long> authors, CancellationToken cancellationToken)
    {
        var backfill = new List<(Guid, long)>();
        foreach (var author in authors)
            foreach (var post in await posts.ListPublishedByAuthorsAsync([author], before: null, BackfilledPosts, cancellationToken))
                backfill.Add((post.Id, author));
        if (backfill.Count > 0)
            await inbox.BackfillAsync(subscriber, backfill, time.GetUtcNow(), cancellationToken);
    }

    private async Task CatchUpAsync(long subscriber, IReadOnlySet<long> followings, CancellationToken cancellationToken)
    {
        var seen = await inbox.GetFollowingsAsync(subscriber, cancellationToken);
        if (seen.SetEquals(followings))
            return;

        var added = followings.Where(author => !seen.Contains(author)).Order().Take(BackfilledAuthors).ToList();
        await TakeInAsync(subscriber, added, cancellationToken);
        await inbox.SetFollowingsAsync(subscriber, [.. seen.Where(followings.Contains), .. added], cancellationToken);
    }
}
