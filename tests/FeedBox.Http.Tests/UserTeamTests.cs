namespace FeedBox.Http.Tests;

public sealed class UserTeamTests
{
    [Fact]
    public async Task Users_categories_and_followings_are_listed()
    {
        await using var host = await FeedBoxHost.StartAsync();
        Assert.Equal(["사용자1", "사용자3"], (await host.GetAsync("/users?ids=1,3,999", 1)).Items.Select(user => user.GetProperty("name").GetString()));
        Assert.Equal(5, (await host.GetAsync("/categories", 1)).Items.Length);
        Assert.Empty((await host.GetAsync("/followings", 1)).Items);
        Assert.Equal(204, (await host.SendAsync("PUT", "/followings/3", 1)).Status);
        Assert.Equal(204, (await host.SendAsync("PUT", "/followings/3", 1)).Status);
        Assert.Equal([3], (await host.GetAsync("/followings", 1)).Items.Select(user => user.GetProperty("id").GetInt64()));
        Assert.Equal(204, (await host.SendAsync("DELETE", "/followings/3", 1)).Status);
        Assert.Equal(204, (await host.SendAsync("DELETE", "/followings/3", 1)).Status);
        Assert.Empty((await host.GetAsync("/followings", 1)).Items);
    }

    [Fact]
    public async Task Nonsense_is_refused()
    {
        await using var host = await FeedBoxHost.StartAsync();
        (await host.SendAsync("PUT", "/followings/1", 1)).IsProblem(400, "cannot-follow-yourself");
        (await host.SendAsync("PUT", "/followings/999", 1)).IsProblem(404, "user-not-found");
        (await host.SendAsync("PUT", "/followings/-5", 1)).IsProblem(404, "user-not-found");
        (await host.SendAsync("DELETE", "/followings/0", 1)).IsProblem(404, "user-not-found");
        foreach (var ids in new[] { "", "?ids=", "?ids=a", "?ids=1,,2", "?ids=-1", $"?ids={string.Join(',', Enumerable.Range(1, 101))}" })
            (await host.GetAsync($"/users{ids}", 1)).IsProblem(400, "invalid-ids");
    }

    [Fact]
    public async Task While_the_user_team_is_down_what_was_heard_stays_and_changes_are_put_off()
    {
        await using var host = await FeedBoxHost.StartAsync();
        host.UserTeam.Down = true;
        (await host.GetAsync("/categories", 1)).IsProblem(503, "dependency-unavailable");
        host.UserTeam.Down = false;
        await host.GetAsync("/categories", 1);
        host.UserTeam.Down = true;
        host.Time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(5, (await host.GetAsync("/categories", 1)).Items.Length);
        var followings = await host.GetAsync("/followings", 1);
        Assert.True(followings.Body.GetProperty("partial").GetBoolean());
        Assert.True((await host.GetAsync("/users?ids=1", 1)).Body.GetProperty("partial").GetBoolean());
        Assert.Equal("5", (await host.SendAsync("PUT", "/followings/3", 1)).IsProblem(503, "dependency-unavailable").Header("Retry-After"));
    }
}
