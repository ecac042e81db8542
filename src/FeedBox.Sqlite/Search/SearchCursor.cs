using System.Buffers.Binary;
using System.Buffers.Text;
using FeedBox.Core;

namespace FeedBox.Sqlite.Search;

/// <summary>The place after a hit: its tier, the newest row of its window, and there its score and row, or in a listing its post.</summary>
internal sealed record SearchCursor(int Tier, long Top, double Score, long Row, Guid PostId)
{
    private const int Size = 1 + 8 + 8 + 8 + 16;

    public static SearchCursor? Parse(string? cursor)
    {
        if (cursor is null)
            return null;
        Span<byte> bytes = stackalloc byte[Size];
        if (cursor.Length > 2 * Size || !Base64Url.IsValid(cursor, out var length) || length != Size || !Base64Url.TryDecodeFromChars(cursor, bytes, out _))
            throw Invalid();
        var parsed = new SearchCursor(
            bytes[0], BinaryPrimitives.ReadInt64BigEndian(bytes[1..]), BinaryPrimitives.ReadDoubleBigEndian(bytes[9..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[17..]), new(bytes[25..], bigEndian: true));
        return parsed.Tier < 2 && parsed.Top >= 0 && double.IsFinite(parsed.Score) ? parsed : throw Invalid();
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        bytes[0] = (byte)Tier;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], Top);
        BinaryPrimitives.WriteDoubleBigEndian(bytes[9..], Score);
        BinaryPrimitives.WriteInt64BigEndian(bytes[17..], Row);
        PostId.TryWriteBytes(bytes[25..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    private static FeedBoxException Invalid() => FeedBoxException.Invalid("invalid-cursor", "The cursor is not one that this search gave.");
}
