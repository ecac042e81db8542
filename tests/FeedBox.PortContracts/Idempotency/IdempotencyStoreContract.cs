using FeedBox.Core.Idempotency;

namespace FeedBox.PortContracts.Idempotency;

/// <summary>What every <see cref="IIdempotencyStore"/> promises.</summary>
public abstract class IdempotencyStoreContract
{
    protected abstract IIdempotencyStore Store { get; }

    private readonly long _caller = Some.Id();
    private readonly StoredAnswer _answer = new(201, [new("Location", "/posts/1"), new("ETag", "\"1\"")], [0, 1, 254, 255]);
    private DateTimeOffset _now = DateTimeOffset.UtcNow;

    [Fact]
    public async Task The_first_claim_is_granted_and_a_replay_gets_the_first_answer()
    {
        await GrantedAsync();
        await Store.AnswerAsync(_caller, "key", _answer, default);

        var replay = Assert.IsType<IdempotencyClaim.Answered>(await ClaimAsync()).Answer;

        Assert.Equal(_answer.Status, replay.Status);
        Assert.Equal(_answer.Headers, replay.Headers);
        Assert.Equal(_answer.Body, replay.Body);
    }

    [Fact]
    public async Task Of_fifty_concurrent_claims_one_is_granted()
    {
        var claims = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => ClaimAsync())));

        Assert.Single(claims.OfType<IdempotencyClaim.Granted>());
        Assert.Equal(49, claims.OfType<IdempotencyClaim.Busy>().Count());
    }

    [Fact]
    public async Task A_claim_without_an_answer_goes_to_the_next_after_its_lease_with_the_same_operation()
    {
        var crashed = await GrantedAsync();
        _now += IIdempotencyStore.Lease - TimeSpan.FromSeconds(1);
        Assert.IsType<IdempotencyClaim.Busy>(await ClaimAsync());

        _now += TimeSpan.FromSeconds(2);
        Assert.Equal(crashed, await GrantedAsync());
        Assert.IsType<IdempotencyClaim.Busy>(await ClaimAsync());
    }

    [Fact]
    public async Task After_the_lease_too_only_one_of_many_is_granted()
    {
        var crashed = await GrantedAsync();
        _now += IIdempotencyStore.Lease + TimeSpan.FromSeconds(1);

        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => ClaimAsync())));

        Assert.Equal(crashed, Assert.Single(claims.OfType<IdempotencyClaim.Granted>()).OperationId);
    }

    [Fact]
    public async Task A_released_claim_is_granted_at_once_with_the_same_operation()
    {
        var first = await GrantedAsync();
        await Store.ReleaseAsync(_caller, "key", default);
        Assert.Equal(first, await GrantedAsync());
    }

    [Fact]
    public async Task A_release_does_not_take_an_answer_back()
    {
        await GrantedAsync();
        await Store.AnswerAsync(_caller, "key", _answer, default);
        await Store.ReleaseAsync(_caller, "key", default);
        Assert.IsType<IdempotencyClaim.Answered>(await ClaimAsync());
    }

    [Fact]
    public async Task Another_request_under_the_same_key_is_a_mismatch()
    {
        await GrantedAsync();
        Assert.IsType<IdempotencyClaim.Mismatch>(await ClaimAsync(fingerprint: "other"));
        await Store.AnswerAsync(_caller, "key", _answer, default);
        Assert.IsType<IdempotencyClaim.Mismatch>(await ClaimAsync(fingerprint: "other"));
    }

    [Fact]
    public async Task Keys_belong_to_their_caller_and_are_taken_exactly()
    {
        var operations = new HashSet<Guid> { await GrantedAsync() };
        foreach (var key in new[] { "KEY", "key ", Some.Text })
            Assert.True(operations.Add(Assert.IsType<IdempotencyClaim.Granted>(await ClaimAsync(key: key)).OperationId));
        Assert.IsType<IdempotencyClaim.Granted>(await Store.ClaimAsync(Some.Id(), "key", "print", _now, default));
    }

    [Fact]
    public async Task An_answer_is_forgotten_after_a_day()
    {
        var first = await GrantedAsync();
        await Store.AnswerAsync(_caller, "key", _answer, default);
        _now += IIdempotencyStore.KeptFor - TimeSpan.FromMinutes(1);
        Assert.IsType<IdempotencyClaim.Answered>(await ClaimAsync());

        _now += TimeSpan.FromMinutes(2);
        Assert.NotEqual(first, await GrantedAsync());
        Assert.IsType<IdempotencyClaim.Busy>(await ClaimAsync());
    }

    [Fact]
    public async Task An_empty_answer_comes_back_empty()
    {
        await GrantedAsync();
        await Store.AnswerAsync(_caller, "key", new(204, [], []), default);

        var answer = Assert.IsType<IdempotencyClaim.Answered>(await ClaimAsync()).Answer;

        Assert.Equal(204, answer.Status);
        Assert.Empty(answer.Headers);
        Assert.Empty(answer.Body);
    }

    private Task<IdempotencyClaim> ClaimAsync(string key = "key", string fingerprint = "print") =>
        Store.ClaimAsync(_caller, key, fingerprint, _now, default);

    private async Task<Guid> GrantedAsync() => Assert.IsType<IdempotencyClaim.Granted>(await ClaimAsync()).OperationId;
}
