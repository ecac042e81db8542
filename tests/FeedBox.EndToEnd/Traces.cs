using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FeedBox.EndToEnd;

public sealed class Traces
{
    private static readonly string[] Way =
    [
        "POST /posts/", "feedbox.post.original publish", "feedbox-post-inspect process", "feedbox.post.inspected publish",
        "feedbox-post-caching process", "feedbox-post-subscribing process", "feedbox-post-indexing process",
    ];

    [Fact]
    public async Task One_trace_leads_from_the_request_through_outbox_log_inspection_inbox_and_index()
    {
        // Every export is scanned for the id of our trace and the names of the spans: an OTLP span holds both.
        var traceId = Guid.NewGuid().ToByteArray();
        var seen = new ConcurrentDictionary<string, bool>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            var bytes = body.ToArray();
            foreach (var name in Way)
                if (IsInOneSpan(bytes, traceId, Encoding.UTF8.GetBytes(name)))
                    seen[name] = true;
        });
        await collector.StartAsync();

        await using var feedBox = await FeedBoxProcess.StartAsync(
            "--UserTeam:Failures=0", $"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Urls.First()}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
        var author = new FeedBoxClient(feedBox, 11);
        using var published = await author.SendAsync(
            HttpMethod.Post, "/posts", new { title = "추적", content = "요청 하나가 서버의 어디를 지나는지 추적하는 코드를 작성했다.", categoryId = 4 },
            ("traceparent", $"00-{Convert.ToHexStringLower(traceId)}-00f067aa0ba902b7-01"));
        Assert.True(published.IsSuccessStatusCode);

        await FeedBoxClient.UntilAsync(() => Task.FromResult(Way.Except(seen.Keys).ToArray()), missing => missing.Length == 0);
    }

    /// <summary>A span begins with its trace id, and its name follows before the next span's trace id.</summary>
    private static bool IsInOneSpan(ReadOnlySpan<byte> export, ReadOnlySpan<byte> traceId, ReadOnlySpan<byte> name)
    {
        const int Nearby = 120;
        for (var start = 0; export[start..].IndexOf(traceId) is >= 0 and var found; start += found + traceId.Length)
        {
            var after = export[(start + found)..];
            if (after[..Math.Min(Nearby, after.Length)].IndexOf(name) >= 0)
                return true;
        }
        return false;
    }
}
