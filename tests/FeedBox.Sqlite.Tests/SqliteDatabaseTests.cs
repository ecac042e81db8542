using FeedBox.Core;
using FeedBox.Sqlite.Inbox;
using FeedBox.Testing;
using Microsoft.Data.Sqlite;

namespace FeedBox.Sqlite.Tests;

public sealed class SqliteDatabaseTests : IDisposable
{
    private readonly TestDatabase _file = new(options =>
    {
        options.BusyTimeout = TimeSpan.FromMilliseconds(50);
        options.MaxQueuedWrites = 200;
    });

    private SqliteDatabase Database => _file.Database;

    public SqliteDatabaseTests() =>
        Database.WriteAsync(writer => writer.Run("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, data BLOB) STRICT"), default)
            .GetAwaiter().GetResult();

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task A_failing_write_undoes_only_itself_among_those_that_share_its_commit()
    {
        var writes = new List<Task>();
        using (Block())
            for (var i = 0; i < 100; i++)
                writes.Add(i % 10 == 3 ? FailAfterInsertAsync(i) : InsertAsync(i));

        for (var i = 0; i < writes.Count; i++)
            if (i % 10 == 3)
                Assert.Equal($"no {i}", (await Assert.ThrowsAsync<InvalidOperationException>(() => writes[i])).Message);
            else
                await writes[i];
        Assert.Equal(Enumerable.Range(0, 100).Where(i => i % 10 != 3).Select(i => (long)i), Ids());
    }

    [Fact]
    public async Task A_statement_that_fails_undoes_only_its_write()
    {
        await InsertAsync(1);
        var writes = new List<Task>();
        using (Block())
            writes = [InsertAsync(2), InsertAsync(1), InsertAsync(3)];

        await writes[0];
        Assert.Equal(19, (await Assert.ThrowsAsync<SqliteException>(() => writes[1])).SqliteErrorCode);
        await writes[2];
        Assert.Equal([1, 2, 3], Ids());
    }

    [Fact]
    public async Task Writes_happen_in_the_order_in_which_they_were_asked_for()
    {
        var order = new List<long>();
        var writes = new List<Task>();
        using (Block())
            for (var i = 0; i < 150; i++)
            {
                var id = i;
                writes.Add(Database.WriteAsync(writer =>
                {
                    order.Add(id);
                    return 0;
                }, default));
            }
        await Task.WhenAll(writes);

        Assert.Equal(Enumerable.Range(0, 150).Select(i => (long)i), order);
    }

    [Fact]
    public async Task A_full_queue_makes_callers_wait_and_cancelling_sets_them_free()
    {
        var writes = new List<Task>();
        using (Block())
        {
            for (var i = 0; i < 250; i++)
                writes.Add(InsertAsync(i));
            Assert.Equal(200, Database.QueuedWrites);
            using var cancel = new CancellationTokenSource();
            var impatient = InsertAsync(999, cancel.Token);
            Assert.False(impatient.IsCompleted);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        }
        await Task.WhenAll(writes);

        Assert.Equal(250, Ids().Count);
        await Eventually.TrueAsync(() => Database.QueuedWrites == 0, "the queue is empty");
    }

    [Fact]
    public async Task A_write_that_is_cancelled_while_it_waits_is_not_done()
    {
        using var cancel = new CancellationTokenSource();
        Task cancelled, other;
        using (Block())
        {
            (cancelled, other) = (InsertAsync(1, cancel.Token), InsertAsync(2));
            await cancel.CancelAsync();
        }
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await other;
        Assert.Equal([2], Ids());
    }

    [Fact]
    public async Task Readers_neither_wait_for_a_write_nor_see_it_before_its_commit()
    {
        await InsertAsync(1);
        using var inserted = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var write = Database.WriteAsync(writer =>
        {
            writer.Prepare("INSERT INTO notes (id, text) VALUES (2, 'two')").Execute();
            inserted.Set();
            goOn.Wait();
        }, default);
        Assert.True(inserted.Wait(TimeSpan.FromSeconds(10)));

        Assert.Equal([1], Ids());
        Assert.False(write.IsCompleted);

        goOn.Set();
        await write;
        Assert.Equal([1, 2], Ids());
    }

    [Fact]
    public async Task Readers_cannot_write() =>
        await Assert.ThrowsAsync<DependencyUnavailableException>(() =>
            Database.ReadAsync(reader => reader.Prepare("INSERT INTO notes (id, text) VALUES (1, '')").Execute(), default));

    [Fact]
    public async Task A_half_read_statement_holds_nothing_back()
    {
        for (var i = 0; i < 10; i++)
            await InsertAsync(i);
        Database.Read(reader => reader.Prepare("SELECT id FROM notes ORDER BY id").Step());

        await InsertAsync(10);

        Assert.Equal(11, Database.Read(reader => reader.Prepare("SELECT count(*) FROM notes").Scalar()));
        Assert.Equal(0, Database.Read(reader => reader.Prepare("SELECT id FROM notes ORDER BY id").Scalar()));
    }

    [Fact]
    public void Values_come_back_as_they_were_bound()
    {
        var id = Guid.CreateVersion7();
        var time = DateTimeOffset.UtcNow;
        Database.Read(reader =>
        {
            var row = reader.Prepare("SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?").Bind(id).Bind(time).Bind("한\0글 👩‍🍳").Bind(1.5).Bind((long?)null)
                .Bind(new byte[] { 0, 255 }).Bind(ReadOnlySpan<byte>.Empty).Bind("").Bind(long.MinValue);
            Assert.True(row.Step());
            Assert.Equal(id, row.GetGuid(0));
            Assert.Equal(time, row.GetTime(1));
            Assert.Equal("한\0글 👩‍🍳", row.GetString(2));
            Assert.Equal(1.5, row.GetDouble(3));
            Assert.True(row.IsNull(4));
            Assert.Equal([0, 255], row.GetBytes(5));
            Assert.False(row.IsNull(6));
            Assert.Empty(row.GetBytes(6));
            Assert.Equal("", row.GetNullableString(7));
            Assert.Equal(long.MinValue, row.GetInt64(8));
            return 0;
        });
    }

    [Fact]
    public async Task Closing_finishes_what_was_queued_and_refuses_what_comes_after()
    {
        var writes = new List<Task>();
        Task closing;
        using (Block())
        {
            for (var i = 0; i < 100; i++)
                writes.Add(InsertAsync(i));
            closing = Task.Run(Database.Dispose);
        }
        await closing;
        await Task.WhenAll(writes);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => InsertAsync(1_000));

        _file.Reopen();
        Assert.Equal(100, Ids().Count);
    }

    [Fact]
    public async Task Writes_that_nobody_waits_for_share_a_commit_however_slowly_they_come()
    {
        using var file = new TestDatabase(options => options.Linger = TimeSpan.FromSeconds(2));
        await file.Database.WriteTogetherAsync(_ => { }, default); // the next ones wait from here on

        var writes = new List<Task>();
        for (var i = 0; i < 5; i++)
        {
            writes.Add(file.Database.WriteTogetherAsync(_ => { }, default));
            await file.Database.WriteAsync(_ => { }, default);
        }
        await writes[0];

        Assert.All(writes, write => Assert.True(write.IsCompletedSuccessfully || write.Wait(500)));
    }

    [Fact]
    public async Task Closing_does_not_wait_for_company()
    {
        using var file = new TestDatabase(options => options.Linger = TimeSpan.FromHours(1));
        var written = file.Database.WriteTogetherAsync(writer => writer.Run("CREATE TABLE late (id INTEGER) STRICT"), default);

        file.Reopen();

        await written.WaitAsync(Eventually.Patience);
        Assert.Equal(0, file.Database.Read(reader => reader.Prepare("SELECT count(*) FROM late").Scalar()));
    }

    [Fact]
    public async Task A_locked_file_fails_the_write_clearly_and_works_again_afterwards()
    {
        using var other = new SqliteConnection($"Data Source={_file.Options.Path};Pooling=False");
        other.Open();
        Run(other, "BEGIN IMMEDIATE");

        var failure = await Assert.ThrowsAsync<DependencyUnavailableException>(() => InsertAsync(1));
        Assert.Equal("sqlite", failure.Dependency);
        Assert.Equal(5, Assert.IsType<SqliteException>(failure.InnerException).SqliteErrorCode);

        Run(other, "ROLLBACK");
        await InsertAsync(2);
        Assert.Equal([2], Ids());
    }

    [Fact]
    public async Task A_full_disk_fails_the_write_clearly_and_works_again_afterwards()
    {
        var pages = Database.Read(reader => reader.Prepare("PRAGMA page_count").Scalar()!.Value);
        await LimitPagesAsync(pages + 5);

        var failure = await Assert.ThrowsAsync<DependencyUnavailableException>(() => InsertAsync(1, data: new byte[1 << 20]));
        Assert.Equal(13, Assert.IsType<SqliteException>(failure.InnerException).SqliteErrorCode);
        await InsertAsync(2);

        await LimitPagesAsync(1 << 30);
        await InsertAsync(3, data: new byte[1 << 20]);
        Assert.Equal([2, 3], Ids());
    }

    [Fact]
    public async Task The_write_ahead_log_stays_bounded()
    {
        for (var i = 0; i < 40; i++)
            await InsertAsync(i, data: new byte[1 << 20]);

        await Eventually.TrueAsync(() => new FileInfo(_file.Options.Path + "-wal").Length <= 16 << 20, "the log is short");
        Assert.Equal(40, Ids().Count);
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused_with_its_name()
    {
        var path = _file.Options.Path + ".other";
        File.WriteAllText(path, new string('x', 10_000));

        var refusal = Assert.Throws<InvalidDataException>(() => SqliteDatabase.Open(new() { Path = path }));

        Assert.Contains(path, refusal.Message);
        Assert.Equal(new string('x', 10_000), File.ReadAllText(path));
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused()
    {
        await Database.WriteAsync(writer => writer.Run("PRAGMA user_version = 1000"), default);
        Assert.Contains("newer", Assert.Throws<InvalidDataException>(() => _file.Reopen()).Message);
    }

    [Fact]
    public async Task A_file_of_the_first_version_goes_on_with_its_unread_counts()
    {
        var (read, unread) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Database.WriteAsync(writer => writer.Run("""
            DROP TABLE inbox_unread_counts;
            CREATE INDEX inbox_unread ON inbox (subscriber_id) WHERE read_at IS NULL;
            PRAGMA user_version = 1;
            """), default);
        await Database.WriteAsync(writer =>
        {
            var insert = writer.Prepare("INSERT INTO inbox (subscriber_id, post_id, author_id, added_at, read_at) VALUES (7, ?, 1, 0, ?)");
            insert.Bind(read).Bind(1).Execute();
            insert.Bind(unread).BindNull().Execute();
        }, default);

        _file.Reopen();

        var inbox = new SqliteInboxStore(Database);
        Assert.Equal(1, await inbox.CountUnreadAsync(7, 100, default));
        await inbox.MarkReadAsync(7, unread, DateTimeOffset.UtcNow, default);
        Assert.Equal(0, await inbox.CountUnreadAsync(7, 100, default));
    }

    [Fact]
    public void A_second_opener_is_refused_and_the_next_after_closing_is_not()
    {
        Assert.Contains("in use", Assert.Throws<IOException>(() => SqliteDatabase.Open(_file.Options)).Message);
        _file.Reopen();
    }

    [Fact]
    public async Task Reopening_finds_what_was_written()
    {
        await InsertAsync(1);
        _file.Reopen();
        await InsertAsync(2);
        Assert.Equal([1, 2], Ids());
    }

    /// <summary>Holds the writer until disposed, so that what is asked for meanwhile shares one transaction.</summary>
    private Blockade Block() => new(Database);

    private Task InsertAsync(long id, CancellationToken cancellationToken = default, byte[]? data = null) =>
        Database.WriteAsync(writer => writer.Prepare("INSERT INTO notes (id, text, data) VALUES (?, ?, ?)").Bind(id).Bind("note").Bind(data).Execute(), cancellationToken);

    private Task<int> FailAfterInsertAsync(long id) =>
        Database.WriteAsync<int>(writer =>
        {
            writer.Prepare("INSERT INTO notes (id, text) VALUES (?, ?)").Bind(id).Bind("note").Execute();
            throw new InvalidOperationException($"no {id}");
        }, default);

    private List<long> Ids() => Database.Read(reader =>
    {
        var ids = new List<long>();
        var row = reader.Prepare("SELECT id FROM notes ORDER BY id");
        while (row.Step())
            ids.Add(row.GetInt64(0));
        return ids;
    });

    private Task LimitPagesAsync(long pages) =>
        Database.WriteAsync(writer => writer.Run($"PRAGMA max_page_count = {pages}"), default);

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private sealed class Blockade : IDisposable
    {
        private readonly ManualResetEventSlim _open = new();
        private readonly Task _blocking;

        public Blockade(SqliteDatabase database)
        {
            using var entered = new ManualResetEventSlim();
            _blocking = database.WriteAsync(_ =>
            {
                entered.Set();
                _open.Wait();
            }, default);
            entered.Wait();
        }

        public void Dispose()
        {
            _open.Set();
            _blocking.GetAwaiter().GetResult();
            _open.Dispose();
        }
    }
}
