using Microsoft.Data.Sqlite;

namespace FeedBox.Bench;

/// <summary>Looks into the file of a process that has stopped: the last word on what is durable.</summary>
public static class Database
{
    public static long Count(StandaloneProcess feedBox, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={feedBox.Database};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
