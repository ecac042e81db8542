using System.Text.Json.Nodes;

namespace FeedBox.Bench.Crowd;

/// <summary>Compares what FeedBox shows, everywhere, with what it answered. Nobody writes meanwhile and nothing is under way.</summary>
public sealed class Verification(Cast cast, Server server, UserTeamTruth userTeam, Journal journal)
{
    private const long Operator = 1;
    private const long Stranger = 1_900;
    private static readonly TimeSpan UserTeamPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan DrainPatience = TimeSpan.FromMinutes(3);
    private static readonly ParallelOptions Some = new() { MaxDegreeOfParallelism = 8 };
    private readonly List<PostRecord> _posts = [.. cast.Authors.SelectMany(author => author.Posts)];

    public static async Task DrainAsync(Server server, Journal journal)
    {
        var end = DateTimeOffset.UtcNow + DrainPatience;
        while (true)
        {
            var status = (await server.AskAsync("/ops/pipeline", Operator)).Body!;
            if ((bool)status["drained"]!)
                return;
            if (DateTimeOffset.UtcNow > end)
            {
                journal.Lost($"the pipeline is not drained after {DrainPatience.TotalSeconds} s: {status.ToJsonString()}");
                return;
            }
            await Task.Delay(100);
        }
    }

    public async Task RunAsync()
    {
        journal.Add("posts at the end", _posts.Count(post => !post.IsDeleted));
        journal.Add("posts approved at the end", _posts.Count(post => post.IsVisible));
        await CheckPostsAsync();
        await CheckSearchAsync();
        await CheckNewestAsync();
        await Parallel.ForEachAsync(cast.Readers, Some, async (reader, _) => await CheckInboxAsync(reader));
        await Parallel.ForEachAsync(cast.FickleReaders, Some, async (reader, _) => await CheckInboxAsync(reader));
        await CheckCouponsAsync();
        await CheckDeadLettersAsync();
    }

    private Task CheckPostsAsync() => Parallel.ForEachAsync(_posts, Some, async (post, _) =>
    {
        var own = await server.AskAsync($"/posts/{post.Id}", post.Author);
        if (post.IsDeleted)
        {
            if (own.Status != 404)
                journal.Lost($"the deletion of {post}: its author sees {own.Status}");
        }
        else
        {
            if (own.Status != 200 || !IsShown(post, own.Body!))
                journal.Lost($"{post}: its author sees {own.Status} {own.Body}");
            var state = (string?)own.Body?["inspection"]?["state"];
            if (state != (post.Text.Acceptable ? "approved" : "rejected"))
                journal.Lost($"the inspection of {post}: {state}");
        }
        var others = await server.AskAsync($"/posts/{post.Id}", Stranger);
        if (post.IsVisible ? others.Status != 200 || !IsShown(post, others.Body!) : others.Status != 404)
            journal.Lost($"{post}: others see {others.Status} {others.Body}");
    });

    /// <summary>Each text that is approved now is found, once, and no text of the past is.</summary>
    private Task CheckSearchAsync() => Parallel.ForEachAsync(_posts, Some, async (post, _) =>
    {
        foreach (var text in post.Past.Append(post.Text))
        {
            var found = await server.ListAsync($"/search?q={text.Token}", Stranger);
            var expected = text == post.Text && post.IsVisible ? 1 : 0;
            journal.Add("texts searched for");
            if (found.Count < expected || found.Any(item => IdOf(item) != post.Id))
                journal.Lost($"{post}: searching its text '{text.Token}' finds {found.Count} posts");
            else if (found.Count > expected)
                journal.Duplicated($"{post}: searching its text '{text.Token}' finds {found.Count} posts instead of {expected}");
        }
    });

    private async Task CheckNewestAsync() =>
        Same("the search without words", await server.ListAsync("/search", Stranger), _posts.Where(post => post.IsVisible).Select(post => post.Id));

    private async Task CheckInboxAsync(Reader reader)
    {
        var items = await server.ListAsync("/inbox", reader.Id);
        var expected = _posts.Where(post => post.IsVisible && reader.Following.Contains(post.Author)).ToDictionary(post => post.Id);
        Same($"the inbox of {reader.Id}", items, expected.Keys);
        foreach (var item in items)
        {
            if (!expected.TryGetValue(IdOf(item), out var post))
                continue;
            journal.Add("inbox entries");
            if (!IsShown(post, item["post"]!))
                journal.Lost($"{post}: the inbox of {reader.Id} shows {item["post"]}");
            var isRead = item["readAt"] is not null;
            var asked = reader.Marks.TryGetValue(post.Id, out var answered);
            if (isRead && !asked)
                journal.Wrong($"{post} is marked as read for {reader.Id}, who never did");
            if (!isRead && answered && !post.MayHaveBeenWithdrawn)
                journal.Lost($"the read mark of {reader.Id} on {post}");
            if (isRead)
                journal.Add("inbox entries read");
        }
    }

    private async Task CheckInboxAsync(FickleReader reader)
    {
        var followings = await userTeam.GetFollowingsAsync(reader.Id);
        foreach (var (author, change) in reader.Changes)
            if (change.SettledAt is not null && followings.Contains(author) != change.Follow)
                journal.Lost($"{reader.Id} {(change.Follow ? "followed" : "left")} {author}");

        // A look that the user team does not answer in time shows what was known last; the next one then knows.
        await server.ListAsync("/inbox", reader.Id);
        await Task.Delay(UserTeamPatience);
        var found = (await server.ListAsync("/inbox", reader.Id)).Select(IdOf).ToList();
        if (found.Distinct().Count() != found.Count)
            journal.Duplicated($"a post in the inbox of {reader.Id}");
        var posts = _posts.ToDictionary(post => post.Id);
        foreach (var id in found)
            if (!posts.TryGetValue(id, out var post) || !post.IsVisible || !followings.Contains(post.Author))
                journal.Wrong($"the inbox of {reader.Id} shows {(post is null ? id : post)}, which does not belong there");
        foreach (var post in _posts)
            if (post.IsVisible && reader.Changes.GetValueOrDefault(post.Author) is { Follow: true, SettledAt: { } since } && since < post.BegunAt && !found.Contains(post.Id))
                journal.Lost($"{post} is not in the inbox of {reader.Id}, who followed since before");
    }

    private async Task CheckCouponsAsync()
    {
        // What is used is shown no more.
        await cast.Coupons.RepeatUsesAsync();
        var held = cast.Coupons.Uses.Values.GroupBy(use => use.EventId, use => use.User).ToDictionary(uses => uses.Key, uses => uses.ToList());
        foreach (var user in cast.Coupons.People)
            foreach (var coupon in await server.ListAsync("/coupons", user))
            {
                var (id, eventId) = (coupon["id"]!.GetValue<Guid>(), coupon["eventId"]!.GetValue<Guid>());
                if (cast.Coupons.Uses.ContainsKey(id))
                    journal.Lost($"the use of coupon {id}: user {user} is shown it as usable again");
                if (!held.TryGetValue(eventId, out var holders))
                    held[eventId] = holders = [];
                holders.Add(user);
            }
        foreach (var couponEvent in cast.Coupons.Events)
        {
            var holders = held.GetValueOrDefault(couponEvent.Id, []);
            journal.Add("coupon events sold out");
            journal.Add("coupons", holders.Count);
            if (holders.Count < CouponCrowd.Limit)
                journal.Lost($"coupon event {couponEvent.Id} has {holders.Count} coupons");
            if (holders.Count > CouponCrowd.Limit)
                journal.Duplicated($"coupon event {couponEvent.Id} has {holders.Count} coupons");
            foreach (var (user, count) in holders.CountBy(user => user).Where(count => count.Value > 1))
                journal.Duplicated($"user {user} has {count} coupons of {couponEvent.Id}");
            foreach (var (user, request) in couponEvent.Requests)
                if (request.Accepted > 0 && !holders.Contains(user))
                    journal.Lost($"user {user} was accepted for coupon event {couponEvent.Id} and has no coupon");
            foreach (var user in holders.Where(user => !couponEvent.Requests.ContainsKey(user)))
                journal.Wrong($"user {user} has a coupon of {couponEvent.Id} and never asked");
        }
        foreach (var stray in held.Keys.Except(cast.Coupons.Events.Select(couponEvent => couponEvent.Id)))
            journal.Wrong($"coupons of an event nobody opened: {stray}");
    }

    private async Task CheckDeadLettersAsync()
    {
        var letters = await server.AskAsync("/ops/dead-letters", Operator);
        if (letters.Status == 200 && letters.Body!["items"]!.AsArray() is { Count: > 0 } items)
            journal.Wrong($"{items.Count} dead letters, the first: {items[0]}");
    }

    private void Same(string where, IReadOnlyList<JsonNode> items, IEnumerable<Guid> expected)
    {
        var found = items.Select(IdOf).ToList();
        var wanted = expected.ToHashSet();
        foreach (var (id, count) in found.CountBy(id => id).Where(count => count.Value > 1))
            journal.Duplicated($"post {id} is {count} times in {where}");
        foreach (var id in wanted.Except(found))
            journal.Lost($"post {id} is missing in {where}");
        foreach (var id in found.Except(wanted))
            journal.Wrong($"post {id} is in {where} and does not belong there");
    }

    private static Guid IdOf(JsonNode item) => item["post"]!["id"]!.GetValue<Guid>();

    private static bool IsShown(PostRecord post, JsonNode shown) =>
        (int?)shown["version"] == post.Version && (string?)shown["title"] == post.Text.Title && (string?)shown["content"] == post.Text.Content;
}
