using FeedBox.Sqlite.Inbox;

namespace FeedBox.Sqlite.Tests.Inbox;

public sealed class BackfillTests : IDisposable
{
    private readonly TestDatabase _file = new();

    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task A_post_that_is_withdrawn_while_it_is_backfilled_stays_out_until_a_newer_version_is_fanned_out()
    {
        var inbox = new SqliteInboxStore(_file.Database);
        var post = Guid.CreateVersion7();
        await inbox.WithdrawAsync(post, 2, default);

        await inbox.BackfillAsync(7, [(post, 1)], DateTimeOffset.UtcNow, default);
        Assert.Empty(await inbox.ListAsync(7, null, 10, default));

        await inbox.AddAsync(post, 3, 1, [8], null, DateTimeOffset.UtcNow, default);
        await inbox.BackfillAsync(7, [(post, 1)], DateTimeOffset.UtcNow, default);
        Assert.Single(await inbox.ListAsync(7, null, 10, default));
    }
}
