using FeedBox.Core;
using Microsoft.Extensions.Hosting;

namespace FeedBox.Sqlite.Search;

/// <summary>After a start with a newer analyzer, brings the index up to it while searches go on.</summary>
internal sealed class SearchRefresh(SqliteSearchIndex index, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (true)
        {
            try
            {
                await index.RefreshAsync(stoppingToken);
                return;
            }
            catch (DependencyUnavailableException e)
            {
                await Task.Delay(e.RetryAfter, time, stoppingToken);
            }
        }
    }
}
