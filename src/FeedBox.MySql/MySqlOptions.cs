namespace FeedBox.MySql;

/// <summary>Section <c>FeedBox:MySql</c>; the server comes from <c>ConnectionStrings:mysql</c>.</summary>
public sealed class MySqlOptions
{
    public const string Section = "FeedBox:MySql";

    public string? ConnectionString { get; set; }

    /// <summary>Tries after the first of a query or a transaction that failed because of the connection, a deadlock or a restart.</summary>
    public int Retries { get; set; } = 5;

    /// <summary>The longest pause between two tries. With the default five tries a restart of up to about 4 s is not noticed by callers.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long start-up waits for a server that is not there yet.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(1);
}
