using FeedBox.Core.Search;

namespace FeedBox.Core.Tests.Search;

public sealed class KoreanTextTests
{
    private const string Post = """
        텃밭 가꾸기 일 년
        구청에서 분양하는 텃밭을 신청해 당첨됐습니다. 텃밭에는 고추와 상추를 심었고 주말마다 물을 주었습니다.
        처음 키워 본 고추가 붉게 익었을 때 정말 기뻤습니다. 올해도 텃밭을 신청하려고 합니다.
        """;

    [Fact]
    public void The_nouns_that_come_up_most_are_keywords()
    {
        var keywords = KoreanText.Keywords(Post, 5);
        Assert.Equal("텃밭", keywords[0]);
        Assert.Contains("고추", keywords);
        Assert.Contains("신청", keywords);
        Assert.InRange(keywords.Count, 3, 5);
    }

    [Fact]
    public void Keywords_carry_no_particles() =>
        Assert.All(
            KoreanText.Keywords("서울에서 부산까지 기차로 갔다. 기차에서 바다를 보았다. 부산에는 바다가 있다.", 3),
            word => Assert.Contains(word, (string[])["서울", "부산", "기차", "바다"]));

    [Theory]
    [InlineData("")]
    [InlineData("그리고 그래서")]
    [InlineData("!!! ㅋㅋㅋ")]
    public void A_text_that_says_nothing_has_none(string text) => Assert.Empty(KoreanText.Keywords(text, 5));

    [Fact]
    public void Latin_keywords_keep_their_spelling() =>
        Assert.Contains("Kubernetes", KoreanText.Keywords("Kubernetes로 서버를 옮겼다. kubernetes는 어렵다.", 3));
}
