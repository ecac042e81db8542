using FeedBox.Core;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Core.UserTeam;
using FeedBox.Pipeline.Inspection;
using FeedBox.Testing;

namespace FeedBox.Pipeline.Tests.Inspection;

public sealed class InspectPostsTests
{
    private const long Author = 1;

    private readonly ManualTime _time = new();
    private readonly FlakyPostStore _posts = new();
    private readonly MemoryUserTeam _userTeam = new();
    private readonly ScriptedInspector _inspector = new();
    private readonly InspectPosts _inspect;

    public InspectPostsTests() => _inspect = new(_posts, _inspector, _userTeam, _time);

    [Fact, Trait("Weakness", "H16")]
    public async Task H16_an_approval_is_stored_with_its_tags_and_told_in_one_write()
    {
        var post = await PublishAsync("좋은 글");
        _time.Advance(TimeSpan.FromSeconds(3));
        await DeliverAsync();

        var stored = (await _posts.FindAsync(post.Id, default))!;
        Assert.Equal(InspectionState.Approved, stored.Inspection.State);
        Assert.Equal(["tag"], stored.Inspection.Tags);
        Assert.Equal(_time.GetUtcNow(), stored.Inspection.InspectedAt);
        Assert.Equal(1, stored.PublishedVersion);
        Assert.Equal(new InspectionRequest("기술", "좋은 글", "content"), Assert.Single(_inspector.Requests));

        var approved = EventCodec.ReadData(Assert.Single(_posts.Inspected).Event, EventJson.Default.PostApproved);
        Assert.Equal((post.Id, 1, true, Author, "기술", "좋은 글", "content"),
            (approved.PostId, approved.Version, approved.First, approved.AuthorId, approved.CategoryName, approved.Title, approved.Content));
        Assert.Equal(["tag"], approved.Tags);
        Assert.Equal(post.Id.ToString(), _posts.Inspected[0].Event.Key);
    }

    [Fact, Trait("Weakness", "H16")]
    public async Task H16_a_rejection_is_stored_with_its_reason_and_told_only_when_something_was_visible()
    {
        var post = await PublishAsync("bad");
        await DeliverAsync();
        var stored = (await _posts.FindAsync(post.Id, default))!;
        Assert.Equal((InspectionState.Rejected, "because"), (stored.Inspection.State, stored.Inspection.Reason));
        Assert.Empty(_posts.Inspected);

        await EditAsync(post, "good");
        await DeliverAsync();
        Assert.True(EventCodec.ReadData(Assert.Single(_posts.Inspected).Event, EventJson.Default.PostApproved).First);

        await EditAsync(post, "good again");
        await DeliverAsync();
        Assert.False(EventCodec.ReadData(_posts.Inspected[^1].Event, EventJson.Default.PostApproved).First);

        await EditAsync(post, "bad again");
        await DeliverAsync();
        Assert.Equal(3, _posts.Inspected.Count);
        var withdrawn = EventCodec.ReadData(_posts.Inspected[^1].Event, EventJson.Default.PostWithdrawn);
        Assert.Equal(new(post.Id, 4, "rejected"), withdrawn);
        Assert.Null((await _posts.FindAsync(post.Id, default))!.PublishedVersion);
    }

    [Fact, Trait("Weakness", "H13")]
    public async Task H13_a_version_is_inspected_once_however_often_its_event_comes()
    {
        await PublishAsync("good");
        await DeliverAsync();
        await DeliverAsync(all: true);
        await DeliverAsync(all: true);
        Assert.Single(_inspector.Requests);
        Assert.Single(_posts.Inspected);
    }

    [Fact, Trait("Weakness", "H13")]
    public async Task H13_a_store_that_fails_after_the_verdict_costs_no_second_inspection()
    {
        await PublishAsync("good");
        _posts.FailingWrites = 3;
        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAsync<IOException>(() => DeliverAsync(all: true));
        await DeliverAsync(all: true);
        Assert.Single(_inspector.Requests);
        Assert.Single(_posts.Inspected);
    }

    [Fact, Trait("Weakness", "H8")]
    public async Task H8_the_verdict_and_its_event_are_one_write_and_without_it_the_message_is_not_done()
    {
        var post = await PublishAsync("good");
        _posts.FailingWrites = 1;
        await Assert.ThrowsAsync<IOException>(() => DeliverAsync(all: true));
        Assert.Equal(InspectionState.Pending, (await _posts.FindAsync(post.Id, default))!.Inspection.State);
        Assert.Empty(_posts.Inspected);

        await DeliverAsync(all: true);
        Assert.Equal(InspectionState.Approved, (await _posts.FindAsync(post.Id, default))!.Inspection.State);
        Assert.Single(_posts.Inspected);
    }

    [Fact]
    public async Task An_update_during_the_inspection_leaves_the_old_verdict_unused()
    {
        var post = await PublishAsync("first");
        _inspector.Meanwhile = () => EditAsync(post, "second");
        await DeliverAsync();
        Assert.Equal(InspectionState.Pending, (await _posts.FindAsync(post.Id, default))!.Inspection.State);
        Assert.Empty(_posts.Inspected);

        await DeliverAsync();
        Assert.Equal(["first", "second"], _inspector.Requests.Select(request => request.Title));
        Assert.Equal(2, EventCodec.ReadData(Assert.Single(_posts.Inspected).Event, EventJson.Default.PostApproved).Version);
    }

    [Fact]
    public async Task A_superseded_version_is_not_inspected()
    {
        var post = await PublishAsync("first");
        await EditAsync(post, "second");
        await DeliverAsync();
        Assert.Equal("second", Assert.Single(_inspector.Requests).Title);
    }

    [Fact]
    public async Task A_deleted_post_is_not_inspected_and_a_deletion_during_the_inspection_wins()
    {
        var gone = await PublishAsync("gone");
        await new ChangePost(_posts, _time).DeleteAsync(gone.Id, Author, null, default);
        await DeliverAsync();
        Assert.Empty(_inspector.Requests);

        var going = await PublishAsync("going");
        _inspector.Meanwhile = () => new ChangePost(_posts, _time).DeleteAsync(going.Id, Author, null, default);
        await DeliverAsync();
        Assert.Empty(_posts.Inspected);
        Assert.True((await _posts.FindAsync(going.Id, default))!.IsDeleted);
    }

    [Fact]
    public async Task A_category_that_does_not_exist_is_a_rejection_with_that_reason()
    {
        var post = await PublishAsync("good", category: 404);
        await DeliverAsync();
        var inspection = (await _posts.FindAsync(post.Id, default))!.Inspection;
        Assert.Equal(InspectionState.Rejected, inspection.State);
        Assert.Contains("카테고리가 없습니다", inspection.Reason);
        Assert.Empty(_inspector.Requests);
    }

    [Fact, Trait("Weakness", "H11")]
    public async Task H11_an_unavailable_user_team_or_inspector_decides_nothing()
    {
        var post = await PublishAsync("good");
        _userTeam.Down = true;
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => DeliverAsync(all: true));
        _userTeam.Down = false;
        _inspector.Meanwhile = () => throw new DependencyUnavailableException("inspector", TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => DeliverAsync(all: true));
        Assert.Equal(InspectionState.Pending, (await _posts.FindAsync(post.Id, default))!.Inspection.State);

        _inspector.Meanwhile = null;
        await DeliverAsync(all: true);
        Assert.Equal(InspectionState.Approved, (await _posts.FindAsync(post.Id, default))!.Inspection.State);
    }

    [Fact]
    public async Task Unknown_event_types_are_ignored_and_unknown_schemas_refused()
    {
        var post = await PublishAsync("good");
        var created = _posts.Outbox[0].Event;
        await _inspect.HandleAsync(created with { Type = "post.pinned", Schema = 9 }, default);
        await Assert.ThrowsAsync<PermanentFailureException>(() => _inspect.HandleAsync(created with { Schema = 9 }, default));
        Assert.Equal(InspectionState.Pending, (await _posts.FindAsync(post.Id, default))!.Inspection.State);
    }

    private Task<Post> PublishAsync(string title, long category = 1) =>
        new PublishPost(_posts, _time).ExecuteAsync(Guid.CreateVersion7(), Author, new(title, "content", category), default);

    private Task<Post> EditAsync(Post post, string title) =>
        new ChangePost(_posts, _time).UpdateAsync(post.Id, Author, new(title, "content", 1), null, default);

    private int _delivered;

    private async Task DeliverAsync(bool all = false)
    {
        var events = _posts.Outbox.Where(e => e.Topic == Topics.PostOriginal).ToList();
        foreach (var e in events.Skip(all ? 0 : _delivered))
            await _inspect.HandleAsync(e.Event, default);
        _delivered = events.Count;
    }

    private sealed class ScriptedInspector : IPostInspector
    {
        public List<InspectionRequest> Requests { get; } = [];
        public Func<Task>? Meanwhile { get; set; }
        public string Name => "scripted";

        public async Task<InspectionVerdict> InspectAsync(InspectionRequest request, CancellationToken cancellationToken)
        {
            if (Meanwhile is { } meanwhile)
            {
                Meanwhile = null;
                await meanwhile();
            }
            Requests.Add(request);
            return request.Title.StartsWith("bad") ? new(false, [], "because") : new(true, ["tag"], null);
        }
    }

    private sealed class FlakyPostStore : IPostStore
    {
        private readonly MemoryPostStore _store = new();

        public int FailingWrites { get; set; }
        public IReadOnlyList<OutboundEvent> Outbox => _store.Outbox;
        public IReadOnlyList<OutboundEvent> Inspected => [.. _store.Outbox.Where(e => e.Topic == Topics.PostInspected)];

        public Task<bool> ReplaceAsync(Post basis, Post updated, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken) =>
            FailingWrites-- > 0 ? throw new IOException("disk") : _store.ReplaceAsync(basis, updated, events, cancellationToken);

        public Task<Post> InsertAsync(Post post, IReadOnlyList<OutboundEvent> events, CancellationToken cancellationToken) =>
            _store.InsertAsync(post, events, cancellationToken);

        public Task<Post?> FindAsync(Guid id, CancellationToken cancellationToken) => _store.FindAsync(id, cancellationToken);

        public Task<IReadOnlyList<PublishedPost>> FindPublishedAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken) =>
            _store.FindPublishedAsync(ids, cancellationToken);

        public Task<IReadOnlyList<Post>> ListByAuthorAsync(long authorId, Guid? before, int limit, CancellationToken cancellationToken) =>
            _store.ListByAuthorAsync(authorId, before, limit, cancellationToken);

        public Task<IReadOnlyList<PublishedPost>> ListPublishedByAuthorsAsync(
            IReadOnlyCollection<long> authorIds, Guid? before, int limit, CancellationToken cancellationToken) =>
            _store.ListPublishedByAuthorsAsync(authorIds, before, limit, cancellationToken);
    }
}
