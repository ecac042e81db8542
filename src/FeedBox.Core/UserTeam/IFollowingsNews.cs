namespace FeedBox.Core.UserTeam;

/// <summary>
/// Tells the other processes whose followings were changed through FeedBox, so that none shows the old ones out of its cache.
/// Best effort: who misses it asks again when what it knows is no longer fresh. Not needed where there is only one process.
/// </summary>
public interface IFollowingsNews
{
    /// <summary>Returns at once, whether anybody can be told or not.</summary>
    void Tell(long followerId);

    /// <summary>From now on, of what others tell; what this process tells may come back to it.</summary>
    void Listen(Action<long> changed);
}
