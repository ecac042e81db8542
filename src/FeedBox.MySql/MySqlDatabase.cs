using System.Data;
using System.Globalization;
using FeedBox.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;

namespace FeedBox.MySql;

/// <summary>Runs queries and transactions, each as often as it takes within the limits of <see cref="MySqlOptions"/>.</summary>
/// <exception cref="DependencyUnavailableException">Thrown by each when the server answers nobody for that long.</exception>
internal sealed class MySqlDatabase(IDbContextFactory<FeedBoxDbContext> contexts, IOptions<MySqlOptions> options)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly string _bounds = string.Create(CultureInfo.InvariantCulture,
        $"SET SESSION wait_timeout = {options.Value.SilenceTimeout.TotalSeconds:F0}, SESSION innodb_lock_wait_timeout = {options.Value.LockTimeout.TotalSeconds:F0}");

    public Task<T> ReadAsync<T>(Func<FeedBoxDbContext, Task<T>> query, CancellationToken cancellationToken) =>
        RunAsync(query, cancellationToken);

    /// <param name="unit">
    /// The whole transaction, given the number of its try from 1. It has to tell "was done by an earlier try, whose answer got lost" from "cannot be done".
    /// </param>
    public Task<T> WriteAsync<T>(Func<FeedBoxDbContext, int, Task<T>> unit, CancellationToken cancellationToken) =>
        RunAsync(context =>
        {
            var attempt = 0;
            return context.Database.CreateExecutionStrategy().ExecuteAsync(async token =>
            {
                await using var transaction = await context.Database.BeginTransactionAsync(IsolationLevel.ReadCommitted, token);
                await context.Database.ExecuteSqlRawAsync(_bounds, token); // each time: a connection comes from the pool as new
                var result = await unit(context, ++attempt);
                await transaction.CommitAsync(token);
                return result;
            }, cancellationToken);
        }, cancellationToken);

    private async Task<T> RunAsync<T>(Func<FeedBoxDbContext, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using var context = await contexts.CreateDbContextAsync(cancellationToken);
            return await work(context);
        }
        catch (Exception e) when (e is RetryLimitExceededException || MySqlRetries.IsTimeout(e))
        {
            throw new DependencyUnavailableException("mysql", RetryAfter, e);
        }
    }
}
