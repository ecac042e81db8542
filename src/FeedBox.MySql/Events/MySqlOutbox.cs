using System.Runtime.CompilerServices;
using FeedBox.Core;
using FeedBox.Core.Events;
using Microsoft.EntityFrameworkCore;
using MySqlConnector;

namespace FeedBox.MySql.Events;

internal sealed class MySqlOutbox(MySqlDatabase database, ShardClaims claims) : IOutbox
{
    public async Task<IReadOnlyList<OutboxRow>> ReadAsync(int shard, int limit, CancellationToken cancellationToken)
    {
        if (!await HoldAsync(shard, cancellationToken))
            return [];
        var entries = await database.ReadAsync(
            context => context.Outbox.Where(entry => entry.Shard == shard).OrderBy(entry => entry.Sequence).Take(limit).ToListAsync(cancellationToken),
            cancellationToken);
        return [.. entries.Select(entry => entry.ToRow())];
    }

    public Task RemoveAsync(IReadOnlyList<long> sequences, CancellationToken cancellationToken) =>
        sequences.Count == 0
            ? Task.CompletedTask
            : database.WriteAsync(
                (context, _) => context.Database.ExecuteSqlAsync(
                    FormattableStringFactory.Create($"DELETE FROM outbox WHERE sequence IN ({string.Join(',', sequences)})"), cancellationToken),
                cancellationToken);

    public Task<long> DepthAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(context => context.Outbox.LongCountAsync(cancellationToken), cancellationToken);

    public Task ReleaseAsync(int shard, CancellationToken cancellationToken) => claims.ReleaseAsync(shard, cancellationToken);

    private async Task<bool> HoldAsync(int shard, CancellationToken cancellationToken)
    {
        try
        {
            return await claims.HoldAsync(shard, cancellationToken);
        }
        catch (MySqlException e)
        {
            throw new DependencyUnavailableException("mysql", TimeSpan.FromSeconds(1), e);
        }
    }
}
