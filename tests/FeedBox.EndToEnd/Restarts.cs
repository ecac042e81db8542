using System.Net;

namespace FeedBox.EndToEnd;

public sealed class Restarts
{
    [Fact]
    public async Task What_was_answered_before_a_kill_is_there_and_arrives_after_the_restart()
    {
        await using var feedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0");
        var author = new FeedBoxClient(feedBox, 11);
        var follower = new FeedBoxClient(feedBox, 12);
        await follower.FollowAsync(11);
        var ids = new List<Guid>();
        for (var i = 0; i < 20; i++)
            ids.Add(await author.PublishAsync($"서버 {i}번 장애 기록", "메모리가 부족해 프로세스가 죽었다. 로그를 남기는 코드를 고쳤다.", 4));
        await feedBox.KillAsync();

        await feedBox.StartAsync();

        await FeedBoxClient.UntilAsync(() => follower.SearchAsync("장애 기록"), found => ids.All(found.Contains));
        foreach (var id in ids)
            Assert.Equal("approved", (await author.GetAsync($"/posts/{id}/inspection"))["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task It_stops_cleanly_within_five_seconds_while_requests_come_in()
    {
        await using var feedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0.2");
        var author = new FeedBoxClient(feedBox, 11);
        var answered = new List<Guid>();
        var writing = Task.Run(async () =>
        {
            try
            {
                while (true)
                    answered.Add(await author.PublishAsync("멈추기 직전의 글", "서버가 멈추는 동안에도 응답한 글은 남아 있어야 한다.", 4));
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                // the process is gone
            }
        });
        await FeedBoxClient.UntilAsync(() => Task.FromResult(answered.Count), count => count >= 5);

        var (exitCode, took) = await feedBox.TerminateAsync();
        await writing;

        Assert.Equal(0, exitCode);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(30)); // room for a busy machine; the crash benchmark holds it to 5 s
        await feedBox.StartAsync();
        foreach (var id in answered)
        {
            using var response = await author.SendAsync(HttpMethod.Get, $"/posts/{id}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
    }
}
