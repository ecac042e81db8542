using FeedBox.Core;
using FeedBox.Core.Idempotency;
using FeedBox.Http.Idempotency;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FeedBox.Http.Tests;

public sealed class IdempotencyTests
{
    private static readonly object Draft = new { title = "한 번만", content = "내용", categoryId = 1 };

    [Fact]
    public async Task A_repeated_post_answers_what_the_first_answered_and_creates_nothing()
    {
        await using var host = await FeedBoxHost.StartAsync();

        var first = await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key-1"));
        host.Time.Advance(TimeSpan.FromHours(23));
        var second = await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key-1"));

        Assert.Equal((201, 201), (first.Status, second.Status));
        Assert.Equal(first.Bytes, second.Bytes);
        foreach (var header in new[] { "Location", "ETag", "Content-Type" })
            Assert.Equal(first.Header(header), second.Header(header));
        Assert.Equal((null, "true"), (first.Header("Idempotency-Replayed"), second.Header("Idempotency-Replayed")));
        Assert.Single(host.Posts.Outbox);
    }

    [Fact]
    public async Task A_key_belongs_to_its_caller_and_to_its_request()
    {
        await using var host = await FeedBoxHost.StartAsync();
        await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key"));

        Assert.Equal(201, (await host.SendAsync("POST", "/posts", 2, Draft, ("Idempotency-Key", "key"))).Status);
        (await host.SendAsync("POST", "/posts", 1, new { title = "다른 글", content = "내용", categoryId = 1 }, ("Idempotency-Key", "key")))
            .IsProblem(422, "idempotency-key-reused");
        Assert.Equal(2, host.Posts.Outbox.Count);
    }

    [Fact]
    public async Task Concurrent_requests_with_one_key_create_one_post()
    {
        await using var host = await FeedBoxHost.StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key"))));

        Assert.Single(host.Posts.Outbox);
        Assert.Contains(answers, answer => answer.Status == 201);
        Assert.All(answers.Where(answer => answer.Status != 201), answer => Assert.NotNull(answer.IsProblem(409, "request-in-progress").Header("Retry-After")));
        Assert.Single(answers.Where(answer => answer.Status == 201).Select(answer => answer.Text).Distinct());
    }

    [Fact]
    public async Task A_refusal_is_an_answer_and_a_failure_is_not()
    {
        var (runs, mode) = (0, "refuse");
        await using var host = await FeedBoxHost.StartAsync(map: app => app.MapPost("/try", IResult (HttpContext http, TimeProvider time) =>
        {
            runs++;
            return mode switch
            {
                "refuse" => throw FeedBoxException.Conflict("some-code", "No."),
                "fail" => throw new InvalidOperationException("secret"),
                "500" => TypedResults.StatusCode(500),
                "wait" => throw new DependencyUnavailableException("x", TimeSpan.FromSeconds(1)),
                _ => TypedResults.Text(http.NewId(time).ToString()),
            };
        }).RequireAuthorization().WithIdempotencyKey());

        var refused = (await TryAsync("a")).IsProblem(409, "some-code");
        Assert.Equal(refused.Text, (await TryAsync("a")).IsProblem(409, "some-code").Text);
        Assert.Equal(1, runs);

        foreach (var failure in new[] { "fail", "500", "wait" })
        {
            mode = failure;
            Assert.Contains((await TryAsync(failure)).Status, new[] { 500, 503 });
            mode = "succeed";
            Assert.Equal(200, (await TryAsync(failure)).Status);
        }

        Task<Answer> TryAsync(string key) => host.SendAsync("POST", "/try", 1, null, ("Idempotency-Key", key));
    }

    [Fact]
    public async Task After_a_crash_between_write_and_answer_the_repetition_finds_the_post_it_made()
    {
        var store = new ForgetfulStore();
        await using var host = await FeedBoxHost.StartAsync(services: services => services.AddSingleton<IIdempotencyStore>(store));
        store.LosesAnswers = true;
        (await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key"))).IsProblem(500, "internal-error");
        store.LosesAnswers = false;

        (await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key"))).IsProblem(409, "request-in-progress");
        host.Time.Advance(IIdempotencyStore.Lease);
        var again = await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", "key"));

        Assert.Equal(201, again.Status);
        Assert.Single(host.Posts.Outbox);
        Assert.Single((await host.GetAsync("/posts/mine", 1)).Items);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("한글")]
    [InlineData("too-long")]
    public async Task A_bad_key_is_refused(string key)
    {
        await using var host = await FeedBoxHost.StartAsync();
        if (key == "too-long")
            key = new('k', 256);
        (await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", key))).IsProblem(400, "invalid-idempotency-key");
        Assert.Equal(201, (await host.SendAsync("POST", "/posts", 1, Draft, ("Idempotency-Key", new string('k', 255)))).Status);
    }

    [Fact]
    public async Task Every_POST_takes_a_key()
    {
        await using var host = await FeedBoxHost.StartAsync();
        var posts = host.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains("POST") == true).ToList();
        Assert.NotEmpty(posts);
        Assert.All(posts, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<TakesIdempotencyKey>()));
    }

    /// <summary>Dies, with everything it was about to store, when asked to.</summary>
    private sealed class ForgetfulStore : IIdempotencyStore
    {
        private readonly FeedBox.Testing.MemoryIdempotencyStore _store = new();

        public bool LosesAnswers { get; set; }

        public Task<IdempotencyClaim> ClaimAsync(long caller, string key, string fingerprint, DateTimeOffset now, CancellationToken cancellationToken) =>
            _store.ClaimAsync(caller, key, fingerprint, now, cancellationToken);

        public Task AnswerAsync(long caller, string key, StoredAnswer answer, CancellationToken cancellationToken) =>
            LosesAnswers ? throw new IOException("crash") : _store.AnswerAsync(caller, key, answer, cancellationToken);

        public Task ReleaseAsync(long caller, string key, CancellationToken cancellationToken) =>
            LosesAnswers ? throw new IOException("crash") : _store.ReleaseAsync(caller, key, cancellationToken);
    }
}
