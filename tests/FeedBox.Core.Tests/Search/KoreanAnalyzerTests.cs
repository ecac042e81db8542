using FeedBox.Core.Search;
using FeedBox.Core.Search.Korean;
using FsCheck;
using FsCheck.Fluent;

namespace FeedBox.Core.Tests.Search;

public sealed class KoreanAnalyzerTests
{
    public static TheoryData<string, string> Words() => [.. Table(negative: false)];

    public static TheoryData<string, string> Traps() => [.. Table(negative: true)];

    [Theory, MemberData(nameof(Words)), Trait("Weakness", "H27")]
    public void H27_every_form_of_a_word_has_its_term(string term, string form)
    {
        Assert.Contains(term, TermsOf(form));
        Assert.Contains(term, KoreanAnalyzer.AnalyzeQuery(form).SelectMany(word => word.Terms));
    }

    [Theory, MemberData(nameof(Traps))]
    public void A_word_is_not_taken_apart_where_it_only_looks_inflected(string term, string form) =>
        Assert.DoesNotContain(term, TermsOf(form));

    [Theory]
    [InlineData("자연어처리를", "처리")]
    [InlineData("국립중앙박물관에서", "박물")]
    [InlineData("초미세먼지", "먼지")]
    public void Parts_of_a_compound_are_pairs(string text, string pair) =>
        Assert.Contains(KoreanAnalyzer.Analyze(text), term => term.Kind == TermKind.Pair && term.Text == pair);

    [Fact]
    public void A_query_word_may_be_spelled_apart() =>
        Assert.Contains(("자연어", "처리"), Assert.Single(KoreanAnalyzer.AnalyzeQuery("자연어처리")).Splits);

    [Theory]
    [InlineData("그리고 학교에서 공부했다", "학교", "학교")]
    [InlineData("제목: 經濟學校의 봄", "경제학교", "經濟學校")]
    [InlineData("① ＡＩ로 그린 그림", "ai", "ＡＩ")]
    [InlineData("a 컨텐츠를 보다", "콘텐츠", "컨텐츠")]
    [InlineData("㎏ 단위와 데이타", "데이터", "데이타")]
    public void A_term_knows_where_it_stands_in_the_source(string text, string term, string source)
    {
        var found = KoreanAnalyzer.Analyze(text).First(each => each.Text == term);
        Assert.Equal(source, text.Substring(found.Start, found.Length));
    }

    [Fact]
    public void Any_text_is_analyzed_within_its_bounds()
    {
        var pieces = Gen.Elements("학교에서", "도왔다", "컨텐츠", "도너츠", "돼", "a", "C++", "1,000원", "ㅋㅋ", "\ud83d", "\ude42", "🙂", "\u1112\u1161\u11ab", "大韓", "ﬁ", "㎏", " ", "\n", "§", "\"", "'", "했", "ㅆ", "으", "시", "지 않", "\u0301");
        Prop.ForAll(Gen.ListOf(pieces).Select(string.Concat).ToArbitrary(), text =>
        {
            _ = KoreanAnalyzer.AnalyzeQuery(text);
            _ = new SearchText(text).Snippet(text);
            return KoreanAnalyzer.Analyze(text).All(term => term.Start >= 0 && term.Length > 0 && term.Start + term.Length <= text.Length && term.Text.Length > 0);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Words_without_meaning_are_not_indexed() => Assert.Empty(KoreanAnalyzer.Analyze("그리고 그것을 위해 하는 것"));

    [Theory]
    [InlineData("자연어 처리", "자연어처리")]
    [InlineData("#재테크", "재테크")]
    [InlineData("CAFÉ", "cafe")]
    [InlineData("디지탈", "디지털")]
    public void Tags_are_compared_in_one_spelling(string tag, string same) =>
        Assert.Equal(KoreanAnalyzer.NormalizeTag(same), KoreanAnalyzer.NormalizeTag(tag));

    private static IEnumerable<string> TermsOf(string text) => KoreanAnalyzer.Analyze(text).Where(term => term.Kind == TermKind.Word).Select(term => term.Text);

    private static IEnumerable<TheoryDataRow<string, string>> Table(bool negative)
    {
        using var reader = new StreamReader(typeof(KoreanAnalyzerTests).Assembly.GetManifestResourceStream("words.txt")!);
        while (reader.ReadLine() is { } line)
            if (line.Length > 0 && line[0] != '#' && line.StartsWith('!') == negative)
            {
                var parts = line.TrimStart('!').Split(": ");
                foreach (var form in parts[1].Split(' '))
                    yield return new(parts[0], form);
            }
    }
}
