namespace FeedBox.MongoDB;

/// <summary>Section <c>FeedBox:MongoDB</c>; the server comes from <c>ConnectionStrings:mongo</c>.</summary>
public sealed class MongoOptions
{
    public const string Section = "FeedBox:MongoDB";

    /// <summary>mongodb://user:password@host:port/database</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The database, when the connection string names none.</summary>
    public string Database { get; set; } = "feedbox";

    /// <summary>How long an operation looks for a server before it is said to be unavailable.</summary>
    public TimeSpan ServerTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a process waits at its start for a server that does not answer.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the place of a removed dead letter is remembered; longer than a delivery can come back.</summary>
    public TimeSpan RemovedDeadLettersKeptFor { get; set; } = TimeSpan.FromDays(14);
}
