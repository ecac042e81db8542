using System.Diagnostics;
using System.Globalization;
using FeedBox.Bench;
using FeedBox.Bench.Search;
using FeedBox.Core.Search;
using FeedBox.Core.Search.Korean;
using FeedBox.Sqlite;
using FeedBox.Sqlite.Search;

// usage: FeedBox.Bench.Search [--misses] [--posts 100000]
// --misses names the judged queries (never the held-out ones) that found less than all; --posts 0 leaves speed out.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string[] inflected = ["regular", "irregular", "particle"];
var bulk = args.IndexOf("--posts") is >= 0 and var at ? int.Parse(args[at + 1]) : 100_000;

var report = new Report(quick: args.Contains("--quick") || bulk != 100_000);
var data = new DataSet();
Console.WriteLine($"{data.Posts.Count} posts, {data.Queries.Count} judged queries, {data.Queries.Count(query => query.HeldOut)} of them held out");

var folder = Directory.CreateTempSubdirectory("feedbox-bench-search-");
try
{
    await MeasureRecallAsync();
    await MeasureIndexCostAsync();
    if (bulk > 0)
        await MeasureSpeedAsync(bulk);
}
finally
{
    folder.Delete(recursive: true);
}
return report.Close();

async Task MeasureRecallAsync()
{
    using var database = SqliteDatabase.Open(new() { Path = Path.Combine(folder.FullName, "recall.db") });
    var index = new SqliteSearchIndex(database);
    await Task.WhenAll(data.Posts.Select(post => index.PutAsync(post, default)));
    var ours = new Dictionary<JudgedQuery, double>();
    foreach (var query in data.Queries)
    {
        var page = await index.SearchAsync(new(query.Text, null, null, null, 10), default);
        ours[query] = Recall(query, [.. page.Items.Select(hit => hit.PostId)]);
    }

    Dictionary<JudgedQuery, double>? nori = null;
    if (Environment.GetEnvironmentVariable("ConnectionStrings__elasticsearch") is { Length: > 0 } server)
    {
        using var elasticsearch = new Nori(new(server));
        await elasticsearch.CreateAsync(data.Posts);
        nori = [];
        foreach (var query in data.Queries)
            nori[query] = Recall(query, await elasticsearch.SearchAsync(query.Text, 10));
    }

    Console.WriteLine($"recall@10      {"ours",8} {"nori",8}   held out: {"ours",8} {"nori",8}");
    foreach (var group in data.Queries.Select(query => query.Group).Distinct())
        Print(group, query => query.Group == group);
    Print("overall", _ => true);
    Print("inflected*", query => inflected.Contains(query.Group));
    Console.WriteLine($"* {string.Join(", ", inflected)}");

    Bar("search-recall", _ => true);
    Bar("search-recall-inflected", query => inflected.Contains(query.Group));
    Bar("search-recall-held-out", query => query.HeldOut);
    Bar("search-recall-inflected-held-out", query => query.HeldOut && inflected.Contains(query.Group));

    if (args.Contains("--misses"))
        foreach (var (query, recall) in ours.Where(entry => entry.Value < 1 && !entry.Key.HeldOut))
            Console.WriteLine($"{query.Group,-10} {query.Text,-20} ours {recall:0.00} nori {nori?[query]:0.00}   terms {string.Join(' ', KoreanAnalyzer.AnalyzeQuery(query.Text).SelectMany(word => word.Terms))}");

    void Print(string name, Func<JudgedQuery, bool> which) => Console.WriteLine(
        $"{name,-14} {Average(ours, which, false),8:0.000} {Average(nori, which, false),8:0.000}             {Average(ours, which, true),8:0.000} {Average(nori, which, true),8:0.000}");

    void Bar(string name, Func<JudgedQuery, bool> which)
    {
        var absolute = ours.Where(entry => which(entry.Key)).Average(entry => entry.Value);
        if (nori is null)
            Console.WriteLine($"bar {name} value=skipped target=0.9 (ours {absolute:0.000}; set ConnectionStrings__elasticsearch to compare)");
        else
        {
            var anchor = nori.Where(entry => which(entry.Key)).Average(entry => entry.Value);
            report.Add(name, absolute / anchor, "", Target.AtLeast(0.9), $"recall@10 {absolute:0.000}; Elasticsearch with nori on the same posts {anchor:0.000}");
        }
    }
}

TimeSpan ProcessorTime()
{
    using var self = Process.GetCurrentProcess();
    return self.TotalProcessorTime;
}

double Recall(JudgedQuery query, IReadOnlyList<Guid> found) =>
    found.Take(10).Count(id => data.Labels[id].Contains(query.Concept)) / (double)Math.Min(10, data.Relevant(query));

double? Average(Dictionary<JudgedQuery, double>? recalls, Func<JudgedQuery, bool> which, bool heldOut) =>
    recalls?.Where(entry => which(entry.Key) && entry.Key.HeldOut == heldOut).Select(entry => (double?)entry.Value).Average();

// Processor time is what counts: the same process answers requests meanwhile, and it does not depend on who else is on the machine.
async Task MeasureIndexCostAsync()
{
    const int length = 300, batches = 21, batchSize = 250;
    using var database = SqliteDatabase.Open(new() { Path = Path.Combine(folder.FullName, "cost.db") });
    var index = new SqliteSearchIndex(database);
    var documents = data.Bulk(4 * batches * batchSize).Chunk(4)
        .Select(four => four[0] with { Content = string.Join(' ', four.Select(post => post.Content))[..(length - four[0].Title.Length)] });
    var costs = new List<double>();
    foreach (var batch in documents.Chunk(batchSize).ToList())
    {
        var before = ProcessorTime();
        await Task.WhenAll(batch.Select(post => index.PutAsync(post, default)));
        costs.Add((ProcessorTime() - before).TotalMicroseconds / batchSize);
    }
    costs.Sort();
    report.Add("search-index-cost", costs[costs.Count / 2], "µs", Target.AtMost(450),
        $"of processor time per post of {length} characters, median of {batches} batches of {batchSize}; best {costs[0]:0}, worst {costs[^1]:0}; a third of what two cores have for each of 1,500 posts/s");
}

async Task MeasureSpeedAsync(int posts)
{
    using var database = SqliteDatabase.Open(new() { Path = Path.Combine(folder.FullName, "speed.db") });
    var index = new SqliteSearchIndex(database);
    var documents = data.Bulk(posts).ToList();
    var characters = documents.Average(post => post.Title.Length + post.Content.Length);

    var clock = Stopwatch.StartNew();
    var cpu = ProcessorTime();
    foreach (var batch in documents.Chunk(500))
        await Task.WhenAll(batch.Select(post => index.PutAsync(post, default)));
    cpu = ProcessorTime() - cpu;
    Console.WriteLine($"indexed {posts} posts of {characters:0} characters: {posts / clock.Elapsed.TotalSeconds:0} posts/s, {cpu.TotalMicroseconds / posts:0} µs of processor time each");

    string[] common = ["오늘", "날씨", "가족", "마음", "친구에게 이야기", "오늘 아침 하늘", "사진 정리", "주말 사람", "생각보다 비용", "점심 국수", "계절", "시간"];
    var queries = data.Queries.Select(query => query.Text).Concat(common).ToArray();
    foreach (var text in queries)
        await index.SearchAsync(new(text, null, null, null, 20), default);
    var times = new List<(double Milliseconds, string Text)>();
    for (var round = 0; round < 5; round++)
        foreach (var text in queries)
        {
            var started = Stopwatch.GetTimestamp();
            await index.SearchAsync(new(text, null, null, null, 20), default);
            times.Add((Stopwatch.GetElapsedTime(started).TotalMilliseconds, text));
        }
    times.Sort();
    Console.WriteLine($"latency on {posts} posts: p50 {times[times.Count / 2].Milliseconds:0.0} ms, p90 {times[times.Count * 9 / 10].Milliseconds:0.0} ms, slowest {times[^1].Milliseconds:0.0} ms ({times[^1].Text})");
    report.Add("search-p99", times[times.Count * 99 / 100].Milliseconds, "ms", Target.AtMost(50),
        $"{times.Count:#,0} searches, one at a time, in {posts:#,0} posts; p50 {times[times.Count / 2].Milliseconds:0.0} ms");
}
