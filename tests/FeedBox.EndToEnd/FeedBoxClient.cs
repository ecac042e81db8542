using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FeedBox.EndToEnd;

/// <summary>One user at the REST API.</summary>
public sealed class FeedBoxClient(FeedBoxProcess feedBox, long user)
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null, params (string Name, string Value)[] headers)
    {
        using var request = feedBox.Request(method, path, user, body is null ? null : JsonContent.Create(body));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await feedBox.Http.SendAsync(request);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"GET {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    public async Task<Guid> PublishAsync(string title, string content, long category)
    {
        using var response = await SendAsync(HttpMethod.Post, "/posts", new { title, content, categoryId = category });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    /// <summary>The followings are the user team's: a 503 now and then is an honest answer, and means "again".</summary>
    public Task FollowAsync(long author) => UntilAsync(async () =>
    {
        using var response = await SendAsync(HttpMethod.Put, $"/followings/{author}");
        Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.ServiceUnavailable, await response.Content.ReadAsStringAsync());
        return response.IsSuccessStatusCode;
    }, followed => followed);

    public Task<JsonNode> InspectedAsync(Guid post) =>
        UntilAsync(() => GetAsync($"/posts/{post}/inspection"), inspection => inspection["state"]!.GetValue<string>() != "pending");

    public async Task<IReadOnlyList<Guid>> InboxAsync() => Ids(await GetAsync("/inbox?limit=100"));

    public async Task<IReadOnlyList<Guid>> SearchAsync(string text) => Ids(await GetAsync($"/search?limit=100&q={Uri.EscapeDataString(text)}"));

    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> enough)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (enough(answer))
                return answer;
            Assert.True(watch.Elapsed < Patience, $"Still {JsonSerializer.Serialize(answer)} after {Patience.TotalSeconds} s");
            await Task.Delay(50);
        }
    }

    private static IReadOnlyList<Guid> Ids(JsonNode listing) => [.. listing["items"]!.AsArray().Select(item => item!["post"]!["id"]!.GetValue<Guid>())];
}
