namespace FeedBox.Bench.Crowd;

/// <param name="Token">A word that no other text has: who finds it, finds this text.</param>
/// <param name="Acceptable">Whether inspection approves it.</param>
public sealed record PostText(string Token, bool Acceptable)
{
    private const long Development = 4;
    private static int _count;

    public string Title => Acceptable ? $"서버 기록 {Token}" : $"카지노 쿠폰 {Token}";

    public string Content => Acceptable
        ? $"{Token} 배포 코드를 고치고 로그를 남겼습니다."
        : $"{Token} 바카라 카지노 첫 충전 보너스, 지금 바로 가입하세요";

    public object Draft => new { title = Title, content = Content, categoryId = Development };

    /// <summary>Consonants only, so that no analyzer sees an ending in it.</summary>
    public static PostText Next(bool acceptable)
    {
        const string letters = "bcdfghjkmnpqrtvw";
        var number = (uint)Interlocked.Increment(ref _count) * 2_654_435_761u; // odd: every count gives another number
        return new("z" + string.Create(8, number, (span, n) =>
        {
            for (var i = 0; i < span.Length; i++, n >>= 4)
                span[i] = letters[(int)(n & 15)];
        }), acceptable);
    }
}

/// <summary>A write that was begun and not answered: it was done or it was not. A null text is a deletion.</summary>
public sealed record Unsure(PostText? Text);

/// <summary>What an author knows about a post of his.</summary>
public sealed class PostRecord(Guid id, long author, PostText text, DateTimeOffset begunAt)
{
    public Guid Id => id;
    public long Author => author;
    public DateTimeOffset BegunAt => begunAt;
    public PostText Text { get; private set; } = text;
    public int Version { get; private set; } = 1;
    public bool IsDeleted { get; private set; }
    public Unsure? Unsure { get; set; }

    /// <summary>Texts that nobody may find any more.</summary>
    public List<PostText> Past { get; } = [];

    /// <summary>True when the post was, or may have been, taken out of the inboxes at some time.</summary>
    public bool MayHaveBeenWithdrawn { get; set; } = !text.Acceptable;

    public bool IsVisible => !IsDeleted && Text.Acceptable;

    /// <summary>The write was done.</summary>
    public void Apply(PostText? next)
    {
        Unsure = null;
        Version++;
        if (next is null)
        {
            IsDeleted = true;
            return;
        }
        Past.Add(Text);
        Text = next;
    }

    public override string ToString() => $"post {id} version {Version} of author {author}";
}
