namespace FeedBox.Core.Events;

/// <summary>
/// Divides the outbox's shards among the relays that are alive. It is a division of labour: two relays may both think for a moment
/// that a shard is theirs, and what keeps them from publishing it at the same time is the outbox's claim.
/// </summary>
public interface IShardOwnership
{
    /// <summary>Takes part until it is stopped, and then leaves the shards to the others.</summary>
    Task RunAsync(CancellationToken stopping);

    /// <summary>As last heard; false before the first answer.</summary>
    bool Owns(int shard);
}
