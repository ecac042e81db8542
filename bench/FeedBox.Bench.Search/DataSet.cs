using FeedBox.Core.Search;

namespace FeedBox.Bench.Search;

/// <param name="HeldOut">Not looked at while the analyzer was made: its figures are the honest ones.</param>
internal sealed record JudgedQuery(string Group, string Text, int Concept, bool HeldOut);

/// <summary>
/// Posts put together from hand-written sentences, each about a concept. What is relevant to a query follows from the making:
/// every post with a sentence of the query's concept, in whatever form its words stand there.
/// </summary>
internal sealed class DataSet
{
    private const int Rounds = 6;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<Concept> _concepts = [];
    private readonly string[] _fillers = [.. Lines("fillers.txt").Where(line => line[0] != '#')];

    public List<SearchDocument> Posts { get; } = [];
    public List<JudgedQuery> Queries { get; } = [];

    /// <summary>The concepts of each post.</summary>
    public Dictionary<Guid, HashSet<int>> Labels { get; } = [];

    public IReadOnlyList<string> Fillers => _fillers;

    public DataSet()
    {
        Read();
        var random = new Random(20260301);
        for (var round = 0; round < Rounds; round++)
            for (var concept = 0; concept < _concepts.Count; concept++)
            {
                var about = new HashSet<int> { concept };
                if (random.Next(3) == 0)
                    about.Add(random.Next(_concepts.Count));
                Add(Compose(about, round, random), about);
            }
        for (var concept = 0; concept < _concepts.Count; concept++)
            Queries.AddRange(_concepts[concept].Queries.Select(text => new JudgedQuery(_concepts[concept].Group, text, concept, concept % 3 == 2)));
    }

    /// <summary>Many more posts of the same kind, each with a few words that no other has, for measuring speed.</summary>
    public IEnumerable<SearchDocument> Bulk(int count)
    {
        var random = new Random(7);
        for (var i = 0; i < count; i++)
        {
            var about = new HashSet<int> { random.Next(_concepts.Count), random.Next(_concepts.Count), random.Next(_concepts.Count) };
            var post = Compose(about, random.Next(4), random);
            yield return post with { PostId = Guid.CreateVersion7(Start.AddSeconds(i)), Content = $"{post.Content} {Word(random)}에서 {Word(random)}의 {Word(random)}을 보았다." };
        }
    }

    public int Relevant(JudgedQuery query) => Labels.Values.Count(concepts => concepts.Contains(query.Concept));

    private SearchDocument Compose(HashSet<int> about, int round, Random random)
    {
        var main = _concepts[about.First()];
        var (title, sentence) = main.Ways[round % main.Ways.Count];
        var sentences = new List<string> { sentence };
        foreach (var other in about.Skip(1))
            sentences.Add(_concepts[other].Ways[random.Next(_concepts[other].Ways.Count)].Sentence);
        for (var i = random.Next(2, 6); i > 0; i--)
            sentences.Insert(random.Next(sentences.Count + 1), _fillers[random.Next(_fillers.Length)]);
        IReadOnlyList<string> tags = [.. about.SelectMany(concept => _concepts[concept].Tags)];
        var now = Start.AddMinutes(Posts.Count);
        return new(Guid.CreateVersion7(now), 1, random.Next(1, 16), random.Next(1, 9), "일상", title, string.Join(". ", sentences) + ".", tags, now);
    }

    private void Add(SearchDocument post, HashSet<int> about)
    {
        Posts.Add(post);
        Labels.Add(post.PostId, about);
    }

    private static string Word(Random random) => string.Concat(Enumerable.Range(0, 3).Select(_ => (char)('가' + random.Next(300) * 28)));

    private void Read()
    {
        foreach (var line in Lines("concepts.txt"))
            switch (line[0])
            {
                case '@':
                    _concepts.Add(new(line[2..]));
                    break;
                case '#' when _concepts.Count > 0:
                    _concepts[^1].Tags.AddRange(line[2..].Split(' '));
                    break;
                case '-':
                    var parts = line[2..].Split(" | ");
                    _concepts[^1].Ways.Add((parts[0], parts[1]));
                    break;
                case '?':
                    _concepts[^1].Queries.Add(line[2..]);
                    break;
            }
    }

    private static IEnumerable<string> Lines(string name)
    {
        using var reader = new StreamReader(typeof(DataSet).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private sealed record Concept(string Group)
    {
        public List<(string Title, string Sentence)> Ways { get; } = [];
        public List<string> Queries { get; } = [];
        public List<string> Tags { get; } = [];
    }
}
