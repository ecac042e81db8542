using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;

namespace FeedBox.MySql;

internal static class Rows
{
    /// <summary>Adds rows in one statement; each value is a parameter.</summary>
    /// <param name="into">The table and its columns: <c>outbox (shard, topic)</c>.</param>
    public static Task InsertAsync(this FeedBoxDbContext context, string into, IReadOnlyList<object[]> rows, CancellationToken cancellationToken)
    {
        var values = rows.SelectMany(row => row).ToArray();
        var next = 0;
        var places = string.Join(", ", rows.Select(row => $"({string.Join(", ", row.Select(_ => $"{{{next++}}}"))})"));
        return context.Database.ExecuteSqlAsync(FormattableStringFactory.Create($"INSERT INTO {into} VALUES {places}", values), cancellationToken);
    }
}
