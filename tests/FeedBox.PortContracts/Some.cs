namespace FeedBox.PortContracts;

/// <summary>Values that no other test uses, so that contracts can run side by side on a shared server.</summary>
internal static class Some
{
    /// <summary>To the microsecond, which every store keeps.</summary>
    public static readonly DateTimeOffset Time = new DateTimeOffset(2026, 3, 1, 9, 30, 15, 123, TimeSpan.Zero).AddMicroseconds(456);

    public static long Id() => Random.Shared.NextInt64(1_000, 1L << 40);

    public static string Name(string prefix) => $"{prefix}-{Guid.NewGuid():N}";

    /// <summary>Post ids in the order of their making.</summary>
    public static Guid[] PostIds(int count) => [.. Enumerable.Range(0, count).Select(i => Guid.CreateVersion7(Time.AddMilliseconds(i)))];

    /// <summary>Hangul, Hanja, an emoji of two surrogates, a combining mark, and what JSON and SQL escape.</summary>
    public const string Text = "제주도 3박 4일 漢字 👩‍🍳 e\u0301 \"quotes\" \\ back/slash 'single' <b>&amp;</b> %_\t\n끝";
}
