using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace FeedBox.EndToEnd;

/// <summary>A disk that is full, a file that another program holds, a file that is damaged: said clearly, nothing lost, and well again afterwards.</summary>
public sealed class StorageFaults
{
    private const long Author = 11;
    private const long Operator = 1;

    [Fact]
    public async Task A_full_disk_refuses_writes_with_a_code_loses_nothing_and_works_when_there_is_room_again()
    {
        using var disk = SmallDisk.Mount(24);
        await using var feedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0", "--FeedBox:RateLimits:Enabled=false", $"--FeedBox:Sqlite:Path={disk.Folder}/feedbox.db");
        var author = new FeedBoxClient(feedBox, Author);
        var answered = new List<Guid> { await PublishAsync(author) };

        disk.Fill();
        HttpResponseMessage refused;
        while ((refused = await TryPublishAsync(author)).IsSuccessStatusCode) // the write-ahead log has some room of its own
        {
            answered.Add(await IdOfAsync(refused));
            Assert.True(answered.Count < 5_000, "The disk was never full.");
        }
        await AssertUnavailableAsync(refused);
        Assert.Equal(HttpStatusCode.OK, (await author.SendAsync(HttpMethod.Get, $"/posts/{answered[0]}")).StatusCode);
        await FeedBoxClient.UntilAsync(async () =>
        {
            using var health = await author.SendAsync(HttpMethod.Get, "/health");
            return health.StatusCode;
        }, status => status == HttpStatusCode.ServiceUnavailable); // the last few pages may still be there

        disk.Empty();
        await FeedBoxClient.UntilAsync(async () =>
        {
            using var response = await TryPublishAsync(author);
            if (response.IsSuccessStatusCode)
                answered.Add(await IdOfAsync(response));
            else
                await AssertUnavailableAsync(response);
            return response.IsSuccessStatusCode;
        }, published => published);
        await AssertAllThereAsync(feedBox, answered);
    }

    [Fact]
    public async Task A_file_that_another_program_holds_refuses_writes_with_a_code_and_works_when_it_lets_go()
    {
        await using var feedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0", "--FeedBox:Sqlite:BusyTimeout=00:00:00.2");
        var author = new FeedBoxClient(feedBox, Author);
        var answered = new List<Guid> { await PublishAsync(author) };
        await author.InspectedAsync(answered[0]);

        using (var other = new SqliteConnection($"Data Source={feedBox.DataFolder}/feedbox.db;Pooling=False"))
        {
            other.Open();
            using var hold = new SqliteCommand("BEGIN IMMEDIATE", other);
            hold.ExecuteNonQuery();

            using var refused = await TryPublishAsync(author);
            await AssertUnavailableAsync(refused);
            using var read = await author.SendAsync(HttpMethod.Get, $"/posts/{answered[0]}");
            Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        }

        await FeedBoxClient.UntilAsync(async () =>
        {
            using var response = await TryPublishAsync(author);
            if (response.IsSuccessStatusCode)
                answered.Add(await IdOfAsync(response));
            return response.IsSuccessStatusCode;
        }, published => published);
        await AssertAllThereAsync(feedBox, answered);
    }

    [Theory]
    [InlineData(0, 100)] // the header
    [InlineData(4_096, 200_000)] // all behind the first page
    public async Task A_damaged_file_stops_the_start_with_a_clear_message_and_its_backup_works(int from, int length)
    {
        await using var feedBox = await FeedBoxProcess.StartAsync("--UserTeam:Failures=0");
        var answered = new List<Guid> { await PublishAsync(new(feedBox, Author)) };
        await feedBox.TerminateAsync();
        var file = Path.Combine(feedBox.DataFolder, "feedbox.db");
        File.Copy(file, file + ".backup");
        using (var damaged = File.OpenWrite(file))
        {
            damaged.Position = from;
            damaged.Write(Encoding.ASCII.GetBytes(new string('x', (int)Math.Min(length, damaged.Length - from))));
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(feedBox.StartAsync);

        Assert.Contains($"'{file}' is not a readable SQLite database", refused.Message);
        Assert.DoesNotContain("Unhandled exception", refused.Message);
        Assert.Equal(1, feedBox.ExitCode);
        File.Move(file + ".backup", file, overwrite: true);
        await feedBox.StartAsync();
        await AssertAllThereAsync(feedBox, answered);
    }

    [Fact]
    public async Task A_second_process_on_the_same_file_is_refused_with_a_clear_message()
    {
        await using var first = await FeedBoxProcess.StartAsync();

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => FeedBoxProcess.StartAsync($"--FeedBox:Sqlite:Path={first.DataFolder}/feedbox.db"));

        Assert.Contains("is in use by another FeedBox process", refused.Message);
        Assert.DoesNotContain("Unhandled exception", refused.Message);
    }

    private static async Task<Guid> PublishAsync(FeedBoxClient author)
    {
        using var response = await TryPublishAsync(author);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return await IdOfAsync(response);
    }

    private static Task<HttpResponseMessage> TryPublishAsync(FeedBoxClient author) => author.SendAsync(
        HttpMethod.Post, "/posts", new { title = "디스크가 찬 날", content = string.Concat(Enumerable.Repeat("서버 로그가 디스크를 채웠다. 오래된 파일부터 지웠다. ", 50)), categoryId = 4 });

    private static async Task<Guid> IdOfAsync(HttpResponseMessage created) =>
        JsonNode.Parse(await created.Content.ReadAsStringAsync())!["id"]!.GetValue<Guid>();

    private static async Task AssertUnavailableAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{(int)response.StatusCode} {text}");
        Assert.Equal("dependency-unavailable", (string?)JsonNode.Parse(text)!["code"]);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    /// <summary>Those that were answered and no others; all inspected, nothing left on its way, nothing dead-lettered.</summary>
    private static async Task AssertAllThereAsync(FeedBoxProcess feedBox, List<Guid> answered)
    {
        var pipeline = await FeedBoxClient.UntilAsync(() => new FeedBoxClient(feedBox, Operator).GetAsync("/ops/pipeline"), status => (bool)status["drained"]!);
        Assert.Equal(0, (long)pipeline["deadLetters"]!);
        var stored = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await new FeedBoxClient(feedBox, Author).GetAsync($"/posts/mine?limit=100{(cursor is null ? "" : $"&cursor={cursor}")}");
            foreach (var post in page["items"]!.AsArray())
            {
                stored.Add(post!["id"]!.GetValue<Guid>());
                Assert.Equal("approved", (string?)post["inspection"]!["state"]);
            }
            cursor = (string?)page["next"];
        }
        while (cursor is not null);
        Assert.Equal(answered.Order(), stored.Order());
    }

    /// <summary>A file system of a few megabytes in memory. Only root may mount one.</summary>
    private sealed class SmallDisk : IDisposable
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("feedbox-disk-").FullName;

        private string Filler => Path.Combine(Folder, "filler");

        public static SmallDisk Mount(int megabytes)
        {
            var disk = new SmallDisk();
            if (Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Folder))
                return disk;
            Directory.Delete(disk.Folder);
            Assert.Skip("Mounting a small disk is not allowed here.");
            return disk;
        }

        public void Fill()
        {
            try
            {
                using var filler = File.Create(Filler);
                while (true)
                {
                    filler.Write(new byte[64 * 1024]);
                    filler.Flush();
                }
            }
            catch (IOException)
            {
                // full
            }
        }

        public void Empty() => File.Delete(Filler);

        public void Dispose()
        {
            Run("umount", "--lazy", Folder);
            Directory.Delete(Folder);
        }

        private static bool Run(string command, params string[] arguments)
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false; // no such command
            }
        }
    }
}
