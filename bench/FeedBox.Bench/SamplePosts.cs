using System.Reflection;
using System.Text;
using System.Text.Json;
using FeedBox.Core.Inspection;

namespace FeedBox.Bench;

/// <summary>The Korean posts of the demo as request bodies, without those that the offline inspector rejects.</summary>
public static class SamplePosts
{
    private static readonly string[] Categories = ["건강", "공부", "경제", "개발", "여행", "요리", "스포츠", "문화"];

    private static readonly byte[][] Bodies = Load();

    /// <summary>The n-th, beginning anew behind the last.</summary>
    public static ReadOnlySpan<byte> Body(int number) => Bodies[number % Bodies.Length];

    public static IReadOnlyList<(string Title, string Content)> Texts { get; } =
    [
        .. Bodies.Select(body => JsonSerializer.Deserialize<JsonElement>(body))
            .Select(post => (post.GetProperty("title").GetString()!, post.GetProperty("content").GetString()!)),
    ];

    private static byte[][] Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("posts.json")!;
        using var posts = JsonDocument.Parse(stream);
        var inspector = new OfflineInspector();
        var bodies = new List<byte[]>();
        foreach (var post in posts.RootElement.EnumerateArray())
        {
            var (title, content, category) = (post.GetProperty("title"), post.GetProperty("content"), post.GetProperty("category").GetString()!);
            if (inspector.InspectAsync(new(category, title.GetString()!, content.GetString()!), CancellationToken.None).Result.Approved)
                bodies.Add(Encoding.UTF8.GetBytes(
                    $$"""{"title":{{title.GetRawText()}},"content":{{content.GetRawText()}},"categoryId":{{Array.IndexOf(Categories, category) + 1}}}"""));
        }
        return [.. bodies];
    }
}
