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

    /// <summary>How long a command may take; like a lock, it is not waited for again.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a write waits for a row that another transaction holds. It is not tried again: whoever asked has waited long enough.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// After so long without a word in a transaction its host is taken for hung or gone: the server undoes it and gives its rows back.
    /// Without this it would keep them for the 8 hours of MySQL's wait_timeout.
    /// </summary>
    public TimeSpan SilenceTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long start-up waits for a server that is not there yet.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(1);
}
