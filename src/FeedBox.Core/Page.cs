namespace FeedBox.Core;

/// <summary>One page of a keyset listing. <paramref name="Next"/> is the cursor of the following page, null on the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

public static class Paging
{
    public const int DefaultLimit = 20;
    public const int MaxLimit = 100;

    /// <summary>Cuts a listing that was read with one item more than asked, and takes the cursor from the last item kept.</summary>
    public static Page<T> Cut<T>(IReadOnlyList<T> oneMoreThanLimit, int limit, Func<T, string> cursor) =>
        oneMoreThanLimit.Count <= limit
            ? new(oneMoreThanLimit, null)
            : new([.. oneMoreThanLimit.Take(limit)], cursor(oneMoreThanLimit[limit - 1]));
}
