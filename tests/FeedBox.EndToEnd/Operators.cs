using System.Net;
using System.Text.Json.Nodes;
using FeedBox.Core.Events;
using FeedBox.Sqlite;
using FeedBox.Sqlite.Events;

namespace FeedBox.EndToEnd;

/// <summary>What an operator, user 1, sees of a process and does about what failed in it.</summary>
public sealed class Operators
{
    [Fact, Trait("Weakness", "H9")]
    public async Task H9_a_message_that_nobody_can_read_is_listed_for_each_group_comes_back_when_replayed_and_goes_when_discarded()
    {
        await using var feedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0");
        var operations = new FeedBoxClient(feedBox, 1);
        Assert.Equal(0, (await DrainedAsync(operations))["deadLetters"]!.GetValue<int>());
        await feedBox.TerminateAsync();
        await AppendAsync(feedBox.DataFolder, new(Topics.PostOriginal, "poison", "not an event"u8.ToArray(), [new("type", "post.created")]));
        await feedBox.StartAsync();

        await FeedBoxClient.UntilAsync(() => DrainedAsync(operations), pipeline => pipeline["deadLetters"]!.GetValue<int>() == 2);
        var letters = await LettersAsync(operations);
        Assert.Equal([ConsumerGroups.PostCaching, ConsumerGroups.PostInspect], letters.Select(letter => letter["cause"]!["group"]!.GetValue<string>()).Order());
        Assert.All(letters, letter =>
        {
            Assert.Equal(("not an event", "post.created", 0), (letter["preview"]!.GetValue<string>(), letter["type"]!.GetValue<string>(), letter["replays"]!.GetValue<int>()));
            Assert.EndsWith("PermanentFailureException", letter["cause"]!["exceptionType"]!.GetValue<string>());
        });

        var replayed = Id(letters[0]);
        using (var answer = await operations.SendAsync(HttpMethod.Post, $"/ops/dead-letters/{replayed}/replay"))
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        letters = await FeedBoxClient.UntilAsync(() => LettersAsync(operations), found => found.Count == 2 && found.All(letter => Id(letter) != replayed));
        Assert.Equal([0, 1], letters.Select(letter => letter["replays"]!.GetValue<int>()));

        foreach (var letter in letters)
        {
            using var answer = await operations.SendAsync(HttpMethod.Delete, $"/ops/dead-letters/{Id(letter)}");
            Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        }
        await feedBox.KillAsync();
        await feedBox.StartAsync();
        Assert.Equal(0, (await DrainedAsync(operations))["deadLetters"]!.GetValue<int>());
        Assert.Empty(await LettersAsync(operations));
    }

    [Fact, Trait("Capability", "F37")]
    public async Task F37_answered_requests_can_be_searched_also_after_a_kill()
    {
        await using var feedBox = await FeedBoxProcess.StartAsync("--FeedBox:AccessLog:Enabled=true");
        var operations = new FeedBoxClient(feedBox, 1);
        for (var i = 0; i < 20; i++)
            using (await operations.SendAsync(HttpMethod.Get, $"/nowhere/{i}"))
            {
            }
        using (await operations.SendAsync(HttpMethod.Delete, "/nowhere"))
        {
        }

        var found = await FeedBoxClient.UntilAsync(() => operations.GetAsync("/ops/access-log?path=/nowhere&limit=100"), page => page["items"]!.AsArray().Count == 21);
        Assert.Equal(21, found["items"]!.AsArray().Count(entry => entry!["status"]!.GetValue<int>() == 404));
        await DrainedAsync(operations);
        await feedBox.KillAsync();
        await feedBox.StartAsync();
        var deleted = await operations.GetAsync("/ops/access-log?path=/nowhere&method=DELETE&status=4xx");
        Assert.Equal("/nowhere", Assert.Single(deleted["items"]!.AsArray())!["path"]!.GetValue<string>());
        Assert.Equal(21, (await operations.GetAsync("/ops/access-log?path=/nowhere&limit=100"))["items"]!.AsArray().Count);
    }

    private static async Task AppendAsync(string folder, LogMessage message)
    {
        var options = new SqliteOptions { Path = Path.Combine(folder, "feedbox.db") };
        using var database = SqliteDatabase.Open(options);
        await new SqliteEventLog(database, options, TimeProvider.System).AppendAsync([message], default);
    }

    private static Task<JsonNode> DrainedAsync(FeedBoxClient operations) =>
        FeedBoxClient.UntilAsync(() => operations.GetAsync("/ops/pipeline"), pipeline => pipeline["drained"]!.GetValue<bool>());

    private static async Task<IReadOnlyList<JsonNode>> LettersAsync(FeedBoxClient operations) =>
        [.. (await operations.GetAsync("/ops/dead-letters"))["items"]!.AsArray().Select(letter => letter!)];

    private static Guid Id(JsonNode letter) => letter["id"]!.GetValue<Guid>();
}
