namespace FeedBox.UserTeamMock;

public sealed record UserAnswer(long Id, string Email, string Name);

public sealed record CategoryAnswer(long Id, string Name);

public sealed record FollowerPage(IReadOnlyList<long> Items, string? Next);

/// <summary>The user team's data, in memory: users and categories are fixed, followings change.</summary>
public sealed class People
{
    private static readonly (string Name, string Mailbox)[] Named =
    [
        ("김서연", "seoyeon.kim"), ("이도현", "dohyun.lee"), ("박지우", "jiwoo.park"), ("최민준", "minjun.choi"), ("정하은", "haeun.jung"),
        ("강시우", "siwoo.kang"), ("조윤서", "yunseo.cho"), ("윤예준", "yejun.yoon"), ("장수아", "sua.jang"), ("임건우", "gunwoo.lim"),
        ("한지민", "jimin.han"), ("오태양", "taeyang.oh"), ("서채원", "chaewon.seo"), ("신우진", "woojin.shin"), ("권나은", "naeun.kwon"),
    ];

    private static readonly string[] FamilyNames = ["김", "이", "박", "최", "정", "강", "조", "윤", "장", "임"];
    private static readonly string[] GivenNames = ["민서", "서준", "하윤", "도윤", "지호", "수빈", "예린", "현우", "가은", "준영", "다은", "유진"];

    /// <summary>Steps around the circle of the named 15: everyone follows five others and is followed by five.</summary>
    private static readonly int[] Steps = [1, 2, 4, 7, 11];

    private readonly Lock _gate = new();
    private readonly Dictionary<long, SortedSet<long>> _followers = [];
    private readonly Dictionary<long, SortedSet<long>> _followings = [];
    private readonly int _users;

    public People(UserTeamMockOptions options)
    {
        _users = Math.Max(options.Users, 1);
        var named = Math.Min(_users, Named.Length);
        for (var user = 1; user <= named; user++)
            foreach (var step in Steps)
                if ((user - 1 + step) % named + 1 is var other && other != user)
                    Follow(user, other);
        for (var user = named + 1; user <= _users; user++)
        {
            Follow(user, 1);
            Follow(user, 2 + user % (named - 1));
        }
    }

    public IReadOnlyList<CategoryAnswer> Categories { get; } =
    [
        new(1, "건강"), new(2, "공부"), new(3, "경제"), new(4, "개발"), new(5, "여행"), new(6, "요리"), new(7, "스포츠"), new(8, "문화"),
    ];

    public CategoryAnswer? FindCategory(long id) => Categories.FirstOrDefault(category => category.Id == id);

    public UserAnswer? FindUser(long id)
    {
        if (id < 1 || id > _users)
            return null;
        if (id <= Named.Length)
            return new(id, $"{Named[id - 1].Mailbox}@example.com", Named[id - 1].Name);
        return new(id, $"user{id}@example.com", FamilyNames[id % FamilyNames.Length] + GivenNames[id % GivenNames.Length]);
    }

    public IReadOnlyList<UserAnswer> FirstUsers(int limit) =>
        [.. Enumerable.Range(1, Math.Min(limit, _users)).Select(id => FindUser(id)!)];

    public IReadOnlyList<long> Followers(long followingId) => Copy(_followers, followingId);

    public IReadOnlyList<long> Followings(long followerId) => Copy(_followings, followerId);

    /// <summary>Followers with a greater id than <paramref name="after"/>: whoever stays is on exactly one page.</summary>
    public FollowerPage Followers(long followingId, long after, int limit)
    {
        lock (_gate)
        {
            if (after == long.MaxValue || !_followers.TryGetValue(followingId, out var all))
                return new([], null);
            List<long> page = [.. all.GetViewBetween(after + 1, long.MaxValue).Take(limit + 1)];
            return page.Count <= limit ? new(page, null) : new(page[..limit], page[limit - 1].ToString());
        }
    }

    /// <summary>False when there is no such user, or both are the same.</summary>
    public bool Follow(long follower, long following)
    {
        if (follower == following || follower < 1 || follower > _users || following < 1 || following > _users)
            return false;
        lock (_gate)
        {
            Set(_followers, following).Add(follower);
            Set(_followings, follower).Add(following);
        }
        return true;
    }

    public void Unfollow(long follower, long following)
    {
        lock (_gate)
        {
            Set(_followers, following).Remove(follower);
            Set(_followings, follower).Remove(following);
        }
    }

    private IReadOnlyList<long> Copy(Dictionary<long, SortedSet<long>> sets, long id)
    {
        lock (_gate)
            return sets.TryGetValue(id, out var set) ? [.. set] : [];
    }

    private static SortedSet<long> Set(Dictionary<long, SortedSet<long>> sets, long id) =>
        sets.TryGetValue(id, out var set) ? set : sets[id] = [];
}
