using System.Net.Http.Json;

namespace FeedBox.Bench.Crowd;

/// <summary>The user team asked directly, until it answers.</summary>
public sealed class UserTeamTruth(Uri address)
{
    private readonly HttpClient _http = new() { BaseAddress = address };

    public Task<long[]> GetFollowingsAsync(long follower) => UntilItAnswersAsync(
        () => _http.GetFromJsonAsync<long[]>($"/followings?followerId={follower}"));

    public Task FollowAsync(long follower, long author) => UntilItAnswersAsync(async () =>
    {
        (await _http.PutAsync($"/followings/{follower}/{author}", null)).EnsureSuccessStatusCode();
        return "";
    });

    public Task UnfollowAsync(long follower, long author) => UntilItAnswersAsync(async () =>
    {
        (await _http.DeleteAsync($"/followings/{follower}/{author}")).EnsureSuccessStatusCode();
        return "";
    });

    private static async Task<T> UntilItAnswersAsync<T>(Func<Task<T?>> ask)
    {
        while (true)
        {
            try
            {
                return (await ask())!;
            }
            catch (HttpRequestException)
            {
                // one in five
            }
        }
    }
}
