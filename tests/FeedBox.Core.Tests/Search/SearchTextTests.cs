using FeedBox.Core.Search;

namespace FeedBox.Core.Tests.Search;

public sealed class SearchTextTests
{
    [Theory]
    [InlineData("도운 사람", "이웃을 도왔던 사람들이 모였다", "도왔던|사람")]
    [InlineData("經濟", "경제를 배운다", "경제")]
    [InlineData("경제", "經濟를 배운다", "經濟")]
    [InlineData("먼지", "초미세먼지 농도", "먼지")]
    [InlineData("자연어처리", "자연어 처리 기술", "자연어|처리")]
    [InlineData("café", "작은 CAFE에서", "CAFE")]
    [InlineData("커피", "차를 마셨다", "")]
    public void Matches_are_marked_in_the_text_as_it_was_written(string query, string text, string marked)
    {
        var highlighted = new SearchText(query).Highlight(text);
        Assert.Equal(text, highlighted.Text);
        Assert.Equal(marked, string.Join('|', highlighted.Spans.Select(span => text.Substring(span.Start, span.Length))));
    }

    [Fact]
    public void A_snippet_is_where_most_matches_are()
    {
        var text = string.Concat(Enumerable.Repeat("상관없는 문장이다. ", 30)) + "커피 한 잔. "
            + string.Concat(Enumerable.Repeat("딴 이야기다. ", 60)) + "커피와 원두, 그리고 커피 가격. " + string.Concat(Enumerable.Repeat("끝이다. ", 50));
        var snippet = new SearchText("커피 가격").Snippet(text);
        Assert.InRange(snippet.Text.Length, 1, 200);
        Assert.Equal(["커피", "커피", "가격"], snippet.Spans.Select(span => snippet.Text.Substring(span.Start, span.Length)));
    }

    [Fact]
    public void Spans_are_ascending_and_disjoint()
    {
        const string text = "국립중앙박물관과 중앙박물관, 박물관 그리고 중앙";
        var end = 0;
        foreach (var span in new SearchText("중앙박물관 박물관 중앙").Highlight(text).Spans)
        {
            Assert.True(span.Start >= end);
            end = span.Start + span.Length;
        }
        Assert.NotEqual(0, end);
    }

    [Fact]
    public void A_snippet_never_cuts_a_character_in_two()
    {
        var text = string.Concat(Enumerable.Repeat("🙂", 300)) + "커피" + string.Concat(Enumerable.Repeat("🙂", 300));
        var snippet = new SearchText("커피").Snippet(text).Text;
        Assert.True(UserText.IsClean(snippet));
        Assert.Contains("커피", snippet);
    }
}
