namespace FeedBox.Elasticsearch;

/// <summary>Section <c>FeedBox:Elasticsearch</c>; the server comes from <c>ConnectionStrings:elasticsearch</c>.</summary>
public sealed class ElasticsearchOptions
{
    public const string Section = "FeedBox:Elasticsearch";

    /// <summary>http://user:password@host:port</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The alias that is searched and written; its indices are named after it, with their version.</summary>
    public string Index { get; set; } = "posts";

    /// <summary>The alias of the access log; its indices are named after it, with their day.</summary>
    public string AccessLogIndex { get; set; } = "access-log";

    /// <summary>How long a request may take.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many writes go into one request at most.</summary>
    public int BatchSize { get; set; } = 500;

    /// <summary>How many bytes go into one request at most, a single document excepted.</summary>
    public int BatchBytes { get; set; } = 5 * 1024 * 1024;

    /// <summary>How long a write that the server cannot take at the moment (an index about to be replaced, a full queue) is tried again.</summary>
    public TimeSpan WriteRetryTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a process waits at its start for a server that does not answer.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);
}
