namespace FeedBox.Pipeline.Coupons;

/// <summary><c>FeedBox:Coupons</c></summary>
public sealed class CouponOptions
{
    public const string Section = "FeedBox:Coupons";

    /// <summary>The least time between the starts of two writes, whatever the burst and however many processes write.</summary>
    public TimeSpan WriteInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Coupons in one write at most.</summary>
    public int MaxBatch { get; set; } = 1_000;

    /// <summary>How often requests that were reserved and not confirmed are looked for.</summary>
    public TimeSpan FinishInterval { get; set; } = TimeSpan.FromSeconds(1);
}
