using System.Diagnostics;
using System.Runtime.CompilerServices;
using FeedBox.Core.Events;
using FeedBox.Core.Inspection;
using FeedBox.Core.Posts;
using FeedBox.Sqlite.Events;
using FeedBox.Sqlite.Posts;

namespace FeedBox.Sqlite.Tests;

/// <summary>A child process writes and tells what was answered; it is killed in the middle.</summary>
public sealed class CrashTests
{
    private const string ChildPath = "FEEDBOX_CRASH_TEST_DATABASE";

    [Fact]
    public async Task Killing_the_process_in_the_middle_loses_nothing_that_was_answered()
    {
        using var file = new TestDatabase();
        file.Database.Dispose();
        var answered = new List<Guid>();
        using var child = StartChild(file.Options.Path);
        try
        {
            while (answered.Count < 500)
                answered.Add(Guid.Parse(await child.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException("the child ended early")));
        }
        finally
        {
            child.Kill();
        }
        while (await child.StandardOutput.ReadLineAsync() is { Length: 36 } line)
            answered.Add(Guid.Parse(line));
        await child.WaitForExitAsync();

        var database = file.Reopen();
        var posts = new SqlitePostStore(database, file.Signal);
        var outbox = new SqliteOutbox(database);
        foreach (var id in answered)
            Assert.NotNull(await posts.FindAsync(id, default));
        var stored = database.Read(reader => reader.Prepare("SELECT count(*) FROM posts").Scalar());
        Assert.Equal(stored, await outbox.DepthAsync(default)); // each post with its event, none without
        Assert.Equal("ok", database.Read(reader =>
        {
            var check = reader.Prepare("PRAGMA integrity_check");
            check.Step();
            return check.GetString(0);
        }));
    }

    private static Process StartChild(string path)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(CrashTests).Assembly.Location]) { RedirectStandardOutput = true };
        start.Environment[ChildPath] = path;
        return Process.Start(start)!;
    }

    /// <summary>The test program is its own child: with the variable set it writes until it is killed, and runs no test. No other thread may need this assembly meanwhile.</summary>
    [ModuleInitializer]
    internal static void RunAsChild()
    {
        if (Environment.GetEnvironmentVariable(ChildPath) is not { } path)
            return;
        var posts = new SqlitePostStore(SqliteDatabase.Open(new() { Path = path }), new OutboxSignal());
        var writes = new Task<Post>[8];
        while (true)
        {
            for (var i = 0; i < writes.Length; i++)
            {
                var now = DateTimeOffset.UtcNow;
                var post = new Post(Guid.CreateVersion7(), AuthorId: i, 1, "title", "content", 1, now, now, null, PostInspection.Pending);
                writes[i] = posts.InsertAsync(post, [PostEvents.Created(post)], default);
            }
            foreach (var write in writes)
                Console.WriteLine(write.GetAwaiter().GetResult().Id);
        }
    }
}
