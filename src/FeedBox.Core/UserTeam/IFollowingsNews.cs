namespace FeedBox.Core.UserTeam;

/// <summary>
/// Tells the other processes whose followings were changed through FeedBox, so that none shows the old ones out of its cache.
/// Best effort: who misses it asks again when what it knows is no longer fresh. Not needed where there is only one process.
/// </summary>
public interface IFollowingsNews
{
    /// <summary>Returns at once. While nobody can be told it is tried again for a minute.</summary>
    void Tell(long followerId);

    /// <param name="changed">Whose followings were; what this process tells may come back to it.</param>
    /// <param name="missed">Anybody's may have been: for a while nothing could be heard.</param>
    void Listen(Action<long> changed, Action missed);
}
