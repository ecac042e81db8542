using System.Diagnostics;
using System.Text.Json;
using FeedBox.Demo;
using Spectre.Console;

var url = args is ["--url", var given] ? given : "http://127.0.0.1:5080";
using var api = new FeedBoxApi(new Uri(url));
var posts = JsonSerializer.Deserialize(typeof(Program).Assembly.GetManifestResourceStream("posts.json")!, DemoJson.Default.DemoPostArray)!;

await AnsiConsole.Status().StartAsync($"Waiting for FeedBox at {url} …", _ => api.WaitUntilAliveAsync());

AnsiConsole.Write(new Rule("[bold]1. Publish → inspect[/]").LeftJustified());
var categories = (await api.CategoriesAsync()).Items.ToDictionary(category => category.Name!, category => category.Id);
var published = new List<(DemoPost Post, Guid Id, Verdict Verdict, TimeSpan Took)>();
await AnsiConsole.Progress().StartAsync(async progress =>
{
    var publishing = progress.AddTask("published", maxValue: posts.Length);
    var inspecting = progress.AddTask("inspected", maxValue: posts.Length);
    await Task.WhenAll(posts.Select(async post =>
    {
        var watch = Stopwatch.StartNew();
        var id = await api.PublishAsync(post, categories[post.Category]);
        publishing.Increment(1);
        var verdict = await UntilAsync(() => api.InspectionAsync(post.Author, id), verdict => verdict.State != "pending", TimeSpan.FromSeconds(30));
        inspecting.Increment(1);
        lock (published)
            published.Add((post, id, verdict, watch.Elapsed));
    }));
});
var approved = published.Where(entry => entry.Verdict.State == "approved").ToList();
var rejected = published.Where(entry => entry.Verdict.State == "rejected").ToList();
var times = published.Select(entry => entry.Took.TotalMilliseconds).Order().ToList();

var verdicts = new Table().Border(TableBorder.Rounded).AddColumns("author", "category", "title", "verdict", "tags or reason");
foreach (var (post, _, verdict, _) in published.OrderBy(entry => entry.Post.Category).ThenBy(entry => entry.Post.Author))
    verdicts.AddRow(
        new Text(post.Author.ToString()), new Text(post.Category), new Text(post.Title),
        new Markup(verdict.State == "approved" ? "[green]approved[/]" : "[red]rejected[/]"),
        new Text(verdict.State == "approved" ? string.Join(" ", (verdict.Tags ?? []).Select(tag => "#" + tag)) : verdict.Reason ?? ""));
AnsiConsole.Write(verdicts);

AnsiConsole.Write(new Rule("[bold]2. Inboxes[/]").LeftJustified());
var approvedIds = approved.Select(entry => entry.Id).ToHashSet();
var reached = new Dictionary<long, int>();
await UntilAsync(async () =>
{
    foreach (var user in Enumerable.Range(1, 15))
        reached[user] = (await api.InboxAsync(user)).Count(item => approvedIds.Contains(item.Post.Id));
    return reached.Values.Sum();
}, IsStable(), TimeSpan.FromSeconds(20));
var inboxes = new BarChart().Width(60).Label("new posts in each subscriber's inbox");
foreach (var (user, count) in reached)
    inboxes.AddItem($"user {user}", count, Color.Teal);
AnsiConsole.Write(inboxes);

AnsiConsole.Write(new Rule("[bold]3. Search[/]").LeftJustified());
var found = 0;
string[] questions = ["도서관 공부", "김치찌개 끓이는 법", "듣다", "걸었더니", "환율 물가", "형태소분석", "전통"];
foreach (var question in questions)
{
    var hits = (await UntilAsync(() => api.SearchAsync(question), hits => hits.Items.Count > 0, TimeSpan.FromSeconds(5))).Items;
    found += hits.Count > 0 ? 1 : 0;
    AnsiConsole.MarkupLine($"[bold]{question.EscapeMarkup()}[/]");
    foreach (var hit in hits)
        AnsiConsole.MarkupLine($"   {Mark(hit.Title)}  [grey]{Mark(hit.Snippet).Replace('\n', ' ')}[/]");
}

AnsiConsole.Write(new Rule("[bold]4. A coupon event: 100 coupons, 1,000 users, two requests each[/]").LeftJustified());
var now = DateTimeOffset.UtcNow;
var couponEvent = await api.OpenCouponEventAsync(new("20% 할인 쿠폰", 100, now.AddSeconds(-1), now.AddHours(1)));
var answers = new Dictionary<int, int>();
var run = Stopwatch.StartNew();
await Parallel.ForEachAsync(
    Enumerable.Range(0, 2_000).OrderBy(_ => Random.Shared.Next()), new ParallelOptions { MaxDegreeOfParallelism = 64 },
    async (number, _) =>
    {
        var status = await api.RequestCouponAsync(couponEvent, 1_000 + number % 1_000);
        lock (answers)
            answers[status] = answers.GetValueOrDefault(status) + 1;
    });
run.Stop();

AnsiConsole.Write(new Rule("[bold]Summary[/]").LeftJustified());
var summary = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumns("what", "value");
summary.AddRow("posts published", $"{published.Count}");
summary.AddRow("approved / rejected", $"{approved.Count} / {rejected.Count}   (2 are meant to be rejected)");
summary.AddRow("publish → verdict", $"median {times[times.Count / 2]:N0} ms, slowest {times[^1]:N0} ms");
summary.AddRow("inbox entries", $"{reached.Values.Sum()} over {reached.Count(entry => entry.Value > 0)} subscribers");
summary.AddRow("searches with results", $"{found} of {questions.Length}");
summary.AddRow("coupons accepted", $"{answers.GetValueOrDefault(202)} of 2,000 requests in {run.Elapsed.TotalSeconds:N1} s; refused {answers.GetValueOrDefault(409)}");
AnsiConsole.Write(summary);

var good = rejected.Count == 2 && found == questions.Length && reached.Values.Sum() > 0 && answers.GetValueOrDefault(202) == 100;
AnsiConsole.MarkupLine(good ? "[green]Everything arrived where it belongs.[/]" : "[red]Something is missing, see above.[/]");
return good ? 0 : 1;

static string Mark(Highlighted text)
{
    var marked = new System.Text.StringBuilder();
    var position = 0;
    foreach (var span in text.Spans)
    {
        marked.Append(text.Text[position..span.Start].EscapeMarkup());
        marked.Append("[yellow]").Append(text.Text.Substring(span.Start, span.Length).EscapeMarkup()).Append("[/]");
        position = span.Start + span.Length;
    }
    return marked.Append(text.Text[position..].EscapeMarkup()).ToString();
}

static Func<int, bool> IsStable()
{
    var (last, times) = (-1, 0);
    return value =>
    {
        times = value == last && value > 0 ? times + 1 : 0;
        last = value;
        return times >= 3;
    };
}

static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> enough, TimeSpan atMost)
{
    var watch = Stopwatch.StartNew();
    while (true)
    {
        var answer = await ask();
        if (enough(answer) || watch.Elapsed > atMost)
            return answer;
        await Task.Delay(100);
    }
}
