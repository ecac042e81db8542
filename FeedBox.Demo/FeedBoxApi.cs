using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FeedBox.Demo;

internal sealed record DemoPost(long Author, string Category, string Title, string Content);

internal sealed record Named(long Id, string? Name);

internal sealed record Verdict(string State, IReadOnlyList<string>? Tags, string? Reason);

internal sealed record Draft(string Title, string Content, long CategoryId);

internal sealed record StoredPost(Guid Id);

internal sealed record InboxItem(InboxPost Post);

internal sealed record InboxPost(Guid Id, string Title, Named Author, Named Category);

internal sealed record Span(int Start, int Length);

internal sealed record Highlighted(string Text, IReadOnlyList<Span> Spans);

internal sealed record Hit(InboxPost Post, Highlighted Title, Highlighted Snippet);

internal sealed record Listing<T>(IReadOnlyList<T> Items, string? Next);

internal sealed record NewCouponEvent(string Name, int Limit, DateTimeOffset OpensAt, DateTimeOffset ClosesAt);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DemoPost[]))]
[JsonSerializable(typeof(Verdict))]
[JsonSerializable(typeof(Draft))]
[JsonSerializable(typeof(StoredPost))]
[JsonSerializable(typeof(Listing<InboxItem>))]
[JsonSerializable(typeof(Listing<Hit>))]
[JsonSerializable(typeof(Listing<Named>))]
[JsonSerializable(typeof(NewCouponEvent))]
internal sealed partial class DemoJson : JsonSerializerContext;

/// <summary>The calls the demo makes, each as one user.</summary>
internal sealed class FeedBoxApi(Uri address) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(10) };

    public async Task WaitUntilAliveAsync()
    {
        var deadline = DateTime.UtcNow.AddMinutes(2);
        while (true)
        {
            try
            {
                if ((await _http.GetAsync("/alive")).IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (DateTime.UtcNow < deadline)
            {
            }
            await Task.Delay(100);
        }
    }

    public Task<Listing<Named>> CategoriesAsync() => GetAsync(1, "/categories", DemoJson.Default.ListingNamed);

    public async Task<Guid> PublishAsync(DemoPost post, long category)
    {
        using var request = Request(HttpMethod.Post, "/posts", post.Author);
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        request.Content = JsonContent.Create(new Draft(post.Title, post.Content, category), DemoJson.Default.Draft);
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(DemoJson.Default.StoredPost))!.Id;
    }

    public Task<Verdict> InspectionAsync(long author, Guid post) => GetAsync(author, $"/posts/{post}/inspection", DemoJson.Default.Verdict);

    public async Task<IReadOnlyList<InboxItem>> InboxAsync(long user)
    {
        var items = new List<InboxItem>();
        string? cursor = null;
        do
        {
            var page = await GetAsync(user, $"/inbox?limit=100{(cursor is null ? "" : $"&cursor={cursor}")}", DemoJson.Default.ListingInboxItem);
            items.AddRange(page.Items);
            cursor = page.Next;
        }
        while (cursor is not null);
        return items;
    }

    public Task<Listing<Hit>> SearchAsync(string text) =>
        GetAsync(1, $"/search?limit=3&q={Uri.EscapeDataString(text)}", DemoJson.Default.ListingHit);

    public async Task<Guid> OpenCouponEventAsync(NewCouponEvent couponEvent)
    {
        using var request = Request(HttpMethod.Post, "/coupon-events", 1);
        request.Content = JsonContent.Create(couponEvent, DemoJson.Default.NewCouponEvent);
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(DemoJson.Default.StoredPost))!.Id;
    }

    public async Task<int> RequestCouponAsync(Guid couponEvent, long user)
    {
        using var request = Request(HttpMethod.Post, $"/coupon-events/{couponEvent}/requests", user);
        using var response = await _http.SendAsync(request);
        return (int)response.StatusCode;
    }

    private async Task<T> GetAsync<T>(long user, string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        using var request = Request(HttpMethod.Get, path, user);
        using var response = await _http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync(type))!;
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, long user) => new(method, path) { Headers = { { "X-User-Id", user.ToString() } } };

    public void Dispose() => _http.Dispose();
}
