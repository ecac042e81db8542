using System.Buffers.Binary;
using System.Buffers.Text;
using FeedBox.Core;

namespace FeedBox.Elasticsearch.Search;

/// <summary>The place after a hit: its score (null in a listing by recency) and its post.</summary>
internal readonly record struct SearchCursor(float? Score, Guid PostId)
{
    private const int Size = 1 + 4 + 16;

    /// <param name="byScore">Whether the listing that goes on is one by score.</param>
    public static SearchCursor? Parse(string? cursor, bool byScore)
    {
        if (cursor is null)
            return null;
        Span<byte> bytes = stackalloc byte[Size];
        if (cursor.Length > 2 * Size || !Base64Url.IsValid(cursor, out var length) || length != Size || !Base64Url.TryDecodeFromChars(cursor, bytes, out _))
            throw Invalid();
        var score = BinaryPrimitives.ReadSingleBigEndian(bytes[1..]);
        if (bytes[0] != (byScore ? 1 : 0) || !(score >= 0) || !float.IsFinite(score))
            throw Invalid();
        return new(byScore ? score : null, new(bytes[5..], bigEndian: true));
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        bytes[0] = (byte)(Score is null ? 0 : 1);
        BinaryPrimitives.WriteSingleBigEndian(bytes[1..], Score ?? 0);
        PostId.TryWriteBytes(bytes[5..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    private static FeedBoxException Invalid() => FeedBoxException.Invalid("invalid-cursor", "The cursor is not one that this search gave.");
}
