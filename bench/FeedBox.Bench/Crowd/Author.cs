using System.Text.Json.Nodes;

namespace FeedBox.Bench.Crowd;

/// <summary>Writes, changes and deletes posts, one after another, and knows what became of each.</summary>
/// <param name="pace">Times the pauses between two writes.</param>
public sealed class Author(long id, Server server, Journal journal, int seed, int pace)
{
    private readonly Random _random = new(seed);
    private readonly List<PostRecord> _posts = [];
    private readonly List<Attempt> _unanswered = [];

    /// <param name="Key">Without one, a repetition would make another post.</param>
    private sealed record Attempt(PostText Text, string? Key, DateTimeOffset BegunAt);

    public long Id => id;

    public IReadOnlyList<PostRecord> Posts => _posts;

    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await (_random.NextDouble() switch
            {
                < 0.15 when _unanswered.Find(attempt => attempt.Key is not null) is { } attempt => PublishAsync(attempt, cancellationToken),
                < 0.55 => PublishAsync(NewAttempt(), cancellationToken),
                < 0.88 => UpdateAsync(cancellationToken),
                _ => DeleteAsync(cancellationToken),
            });
            await Task.Delay(_random.Next(5, 40) * pace, cancellationToken);
        }
    }

    /// <summary>Repeats every keyed request until it is answered, and looks after every write that was not.</summary>
    public async Task SettleAsync()
    {
        while (_unanswered.Find(attempt => attempt.Key is not null) is { } attempt)
            if (!await PublishAsync(attempt, CancellationToken.None))
                await Task.Delay(100);
        foreach (var post in _posts)
            await ResolveAsync(post, CancellationToken.None);

        // What has no key is there or not; only a look at the author's own list tells.
        var stored = await server.ListAsync("/posts/mine", id);
        var known = _posts.ToDictionary(post => post.Id);
        foreach (var node in stored)
        {
            var postId = node["id"]!.GetValue<Guid>();
            if (known.Remove(postId, out var post))
            {
                if (post.IsDeleted)
                    journal.Lost($"the deletion of {post}");
                Compare(post, node);
            }
            else if (_unanswered.Find(attempt => attempt.Text.Title == (string?)node["title"]) is { } done)
            {
                _unanswered.Remove(done);
                _posts.Add(post = new(postId, id, done.Text, done.BegunAt));
                journal.Add("posts unanswered and there");
                Compare(post, node);
            }
            else
                journal.Duplicated($"post {postId} of author {id} was never asked for, or is there twice: {node["title"]}");
        }
        foreach (var post in known.Values.Where(post => !post.IsDeleted))
            journal.Lost($"{post}: not among the author's posts");
    }

    private Attempt NewAttempt() =>
        new(PostText.Next(_random.NextDouble() < 0.85), _random.NextDouble() < 0.4 ? Guid.NewGuid().ToString() : null, DateTimeOffset.UtcNow);

    private async Task<bool> PublishAsync(Attempt attempt, CancellationToken cancellationToken)
    {
        if (!_unanswered.Contains(attempt))
            _unanswered.Add(attempt);
        var answer = journal.Wrote("posts", await server.SendAsync(
            HttpMethod.Post, "/posts", id, attempt.Text.Draft, attempt.Key is null ? null : ("Idempotency-Key", attempt.Key), cancellationToken));
        if (answer is null)
            return false;
        if (answer.Status != 201)
        {
            journal.Wrong($"POST /posts answered {answer.Status} {answer.Body}");
            return true;
        }
        var post = new PostRecord(answer.Body!["id"]!.GetValue<Guid>(), id, attempt.Text, attempt.BegunAt);
        Compare(post, answer.Body);
        _unanswered.Remove(attempt);
        _posts.Add(post);
        return true;
    }

    private async Task UpdateAsync(CancellationToken cancellationToken)
    {
        if (await PickAsync(cancellationToken) is not { } post)
            return;
        var text = PostText.Next(_random.NextDouble() < 0.85);
        post.Unsure = new(text);
        post.MayHaveBeenWithdrawn |= !text.Acceptable;
        var answer = journal.Wrote("updates", await server.SendAsync(
            HttpMethod.Put, $"/posts/{post.Id}", id, text.Draft, ("If-Match", $"\"{post.Version}\""), cancellationToken));
        if (answer is { Status: 200 })
        {
            post.Apply(text);
            Compare(post, answer.Body!);
        }
        else if (answer is not null)
        {
            journal.Lost($"{post}: an update against it answered {answer.Status} {answer.Code}");
            Forget(post);
        }
    }

    private async Task DeleteAsync(CancellationToken cancellationToken)
    {
        if (await PickAsync(cancellationToken) is not { } post)
            return;
        post.Unsure = new(Text: null);
        post.MayHaveBeenWithdrawn = true;
        var answer = journal.Wrote("deletions", await server.SendAsync(
            HttpMethod.Delete, $"/posts/{post.Id}", id, header: ("If-Match", $"\"{post.Version}\""), cancellationToken: cancellationToken));
        if (answer is { Status: 204 })
            post.Apply(null);
        else if (answer is not null)
        {
            journal.Lost($"{post}: its deletion answered {answer.Status} {answer.Code}");
            Forget(post);
        }
    }

    /// <summary>A post whose state is known: mostly a recent one, whose events are still under way.</summary>
    private async Task<PostRecord?> PickAsync(CancellationToken cancellationToken)
    {
        if (_posts.Count == 0)
            return null;
        var range = _random.Next(3) > 0 ? Math.Min(10, _posts.Count) : _posts.Count;
        var post = _posts[^(_random.Next(range) + 1)];
        await ResolveAsync(post, cancellationToken);
        return post.IsDeleted ? null : post;
    }

    private async Task ResolveAsync(PostRecord post, CancellationToken cancellationToken)
    {
        if (post.Unsure is not { } unsure)
            return;
        var answer = await server.AskAsync($"/posts/{post.Id}", id, cancellationToken);
        if (answer.Status == 404 && unsure.Text is null)
        {
            post.Apply(null);
            journal.Add("deletions unanswered and done");
        }
        else if (answer.Status != 200)
        {
            journal.Lost($"{post}: answered {answer.Status} {answer.Code}");
            Forget(post);
        }
        else if (unsure.Text is { } text && (int?)answer.Body!["version"] == post.Version + 1)
        {
            post.Apply(text);
            journal.Add("updates unanswered and done");
            Compare(post, answer.Body);
        }
        else
        {
            post.Unsure = null;
            Compare(post, answer.Body!);
        }
    }

    private void Compare(PostRecord post, JsonNode node)
    {
        if ((int?)node["version"] != post.Version || (string?)node["title"] != post.Text.Title || (string?)node["content"] != post.Text.Content)
            journal.Lost($"{post}: expected '{post.Text.Title}', found version {node["version"]} '{node["title"]}'");
    }

    /// <summary>Once wrong is told once.</summary>
    private void Forget(PostRecord post) => _posts.Remove(post);
}
