namespace FeedBox.Bench.Flow;

/// <summary>Authors who have ten followers each, none of whom is followed by others.</summary>
internal static class Network
{
    public const int Authors = 100;
    public const int FollowersPerAuthor = 10;

    /// <summary>Follows every author; one of the ten of each.</summary>
    public const long Everyone = 1_000;

    private const int FirstAuthor = 101;
    private const int FirstFollower = 301;

    public static string Option => $"--UserTeam:Users={Everyone}";

    public static long Author(int number) => FirstAuthor + number % Authors;

    public static async Task BuildAsync(StandaloneProcess feedBox)
    {
        for (var author = 0; author < Authors; author++)
        {
            await feedBox.FollowAsync(Everyone, Author(author));
            for (var follower = 1; follower < FollowersPerAuthor; follower++)
                await feedBox.FollowAsync(FirstFollower + (author * 7 + follower * 31) % 500, Author(author));
        }
    }

    /// <summary>Null when every projection holds exactly what was answered and nothing is dead; else what is missing or too much.</summary>
    public static string? FindFault(StandaloneProcess feedBox, long posts)
    {
        var approved = Database.Count(feedBox, "SELECT count(*) FROM published_posts");
        var entries = Database.Count(feedBox, "SELECT count(*) FROM inbox");
        var indexed = Database.Count(feedBox, "SELECT count(*) FROM search_posts");
        var dead = Database.Count(feedBox, """
            SELECT coalesce(sum(next_offset), 0) FROM log_partitions JOIN log_topics ON log_topics.id = log_partitions.id >> 10 WHERE name LIKE '%.dlt'
            """);
        return approved == posts && entries == posts * FollowersPerAuthor && indexed == posts && dead == 0
            ? null
            : $"{posts} posts were answered; {approved} are approved, {entries} inbox entries, {indexed} in the index, {dead} dead letters";
    }
}
