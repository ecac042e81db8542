namespace FeedBox.Core.Inspection;

/// <summary>What <see cref="Moderation"/> looks for. Lower case; Korean terms are found inside words, Latin ones only as whole words.</summary>
internal static class ModerationTables
{
    /// <summary>One is enough.</summary>
    public static readonly string[] Abuse =
    [
        "씨발", "시발", "씨팔", "씨바", "ㅅㅂ", "ㅆㅂ", "병신", "ㅂㅅ", "개새끼", "개새기", "씹새끼", "좆", "지랄", "니애미", "느금마", "미친놈", "미친년", "엿먹어라",
        "한남충", "김치녀", "틀딱", "fuck", "fucking", "fucker", "motherfucker", "shithead", "bitch", "asshole", "cunt", "nigger", "faggot", "retard",
    ];

    /// <summary>Innocent words that contain an abusive one.</summary>
    public static readonly string[] Innocent = ["시발점", "시발역", "시발택시", "병신년", "씨바이오"];

    /// <summary>Terms of adverts for gambling, adult services, loans and quick money, by how much they say on their own.</summary>
    public static readonly (string Term, int Weight)[] Adverts =
    [
        ("온라인카지노", 3), ("바카라사이트", 3), ("토토사이트", 3), ("놀이터추천", 3), ("먹튀검증", 3), ("슬롯사이트", 3), ("파워볼사이트", 3), ("꽁머니", 3),
        ("조건만남", 3), ("출장안마", 3), ("출장마사지", 3), ("오피사이트", 3), ("야동", 3), ("성인용품할인", 3), ("비아그라구매", 3), ("시알리스", 3),
        ("작업대출", 3), ("내구제", 3), ("원금보장", 3), ("수익보장", 3), ("고수익알바", 3), ("리딩방", 2), ("고수익", 2), ("카지노", 2), ("바카라", 2), ("토토", 1),
        ("비아그라", 2), ("무직자대출", 3), ("당일대출", 3), ("급전", 1), ("무료쿠폰", 1), ("바로입금", 1), ("바로가입", 1), ("선착순마감", 1), ("추천인코드", 1),
        ("지금클릭", 1), ("링크클릭", 1), ("카톡문의", 1), ("텔레그램문의", 2), ("무료체험", 1), ("당첨", 1), ("첫충전", 2), ("환전", 1),
        ("online casino", 3), ("casino", 2), ("baccarat", 2), ("viagra", 2), ("porn", 3), ("xxx", 2), ("escort service", 3), ("payday loan", 3),
        ("guaranteed profit", 3), ("guaranteed returns", 3), ("get rich quick", 3), ("free money", 2), ("free coupon", 1), ("free bonus", 1),
        ("click here", 1), ("buy now", 1), ("sign up now", 1), ("act now", 1), ("limited offer", 1),
    ];

    public const int AdvertThreshold = 3;
}
