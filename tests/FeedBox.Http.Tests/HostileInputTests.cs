using System.Text;
using System.Text.Json;
using FeedBox.Sqlite;

namespace FeedBox.Http.Tests;

/// <summary>Thousands of requests that nobody should send, over every endpoint: no failure, every refusal a problem with a code, every accepted text kept.</summary>
public sealed class HostileInputTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("feedbox-http-");

    public void Dispose() => _data.Delete(recursive: true);

    private static readonly string[] Nasty =
    [
        "", " ", "\0", "a\0b", "\uFEFF", "\u202E", "\u0085", "\u001b[31m", "%00", "%", "%zz", "..", "../../etc/passwd", "null", "undefined", "NaN", "true", "[]", "{}",
        "0", "-1", "1", "20", "100", "101", "1e9", "0x10", "１", "+1", " 1", "2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999",
        "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-000000000000}", "ffffffffffffffffffffffffffffffff", "00000000-0000-0000-0000-00000000000g",
        "' OR '1'='1", "'; DROP TABLE posts; --", "\" OR \"\"=\"", "title:제주", "제주*", "\"제주", "NEAR(제주 바다, 2)", "AND", "OR", "NOT", "^제주", "{a b} : c", "a AND (b", "-제주", "+제주",
        "<script>alert(1)</script>", "${jndi:ldap://x}", "{{7*7}}", "제주", "제주 바다", "e\u0301", "👩‍👩‍👧‍👦", "\uFFFE", "ﷺ", "\r\nX-Injected: 1", "W/\"1\"", "\"1\"", "\"\"", "*", "1,2,3", ",", "a,b",
        "eyJhbGciOiJub25lIn0.e30.", "Bearer x",
    ];

    private static readonly string[] Parameters = ["q", "category", "tag", "cursor", "limit", "ids", "date", "caller"];
    private static readonly string[] Headers = ["If-Match", "Idempotency-Key", "Accept", "If-None-Match", "Authorization", "Accept-Encoding", "Range", "Expect", "X-User-Id", "traceparent", "Accept-Charset", "Content-Encoding"];
    private static readonly string[] OddMethods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW"];
    private static readonly string?[] Types = ["application/json", "application/json", "application/json", "application/json", "application/json", "application/json", "application/json", "application/json; charset=utf-8", "application/json; charset=x", "application/json;charset=\"utf-16\"", "text/plain", "application/problem+json", "multipart/form-data", "", "a/b/c", null];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Nothing_hostile_fails_and_every_refusal_has_a_code(int seed)
    {
        await using var host = await StartOnSqliteAsync();
        var known = await host.PublishApprovedAsync(1, "제주 바다", "제주 바다에 다녀왔다", 1, "제주");
        await host.SendAsync("PUT", "/followings/1", 2);
        (string Method, string Path)[] endpoints =
        [
            .. host.Endpoints().Where(endpoint => !endpoint.Path.Contains('.')).Select(endpoint => (endpoint.Method, endpoint.Path)),
            .. Enumerable.Repeat(("POST", "/posts"), 4), .. Enumerable.Repeat(("PUT", "/posts/{id}"), 2), .. Enumerable.Repeat(("GET", "/search"), 4),
            ("GET", "/{id}"), ("GET", "/posts/{id}/{id}"), ("GET", "/openapi/v1.json"),
        ];
        var random = new Random(seed);
        var statuses = new SortedDictionary<int, int>();
        for (var i = 0; i < 1000; i++)
        {
            var (method, template) = Pick(random, endpoints);
            if (random.Next(10) == 0)
                method = Pick(random, OddMethods);
            var (path, type) = (Path(random, template, known), Pick(random, Types));
            var body = method is "POST" or "PUT" || random.Next(10) == 0 ? Body(random) : null;
            var headers = Enumerable.Range(0, random.Next(3)).Select(_ => (Pick(random, Headers), Pick(random, Nasty))).ToArray();
            var content = body is null ? null : new ByteArrayContent(body);
            if (content is not null && type is not null)
                content.Headers.TryAddWithoutValidation("Content-Type", type);

            Answer answer;
            try
            {
                answer = await host.SendAsync(method, path, random.Next(10) == 0 ? null : random.Next(1, 4), content, headers);
            }
            catch (HttpRequestException e) when (e.InnerException is IOException or null or HttpRequestException)
            {
                continue; // The client itself will not send this, or was cut off while sending a body that was refused already.
            }

            var request = $"seed {seed}, request {i}: {method} {path} [{string.Join("; ", headers)}] {type} {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(200, body?.Length ?? 0)))}";
            statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;
            Assert.True(answer.Status < 500, $"{answer.Status} for {request}: {answer.Text}");
            if (answer.Status < 400 || method == "HEAD")
                continue;
            if (answer.Bytes.Length == 0 && answer.Status is 400 or 411 or 417 or 431 && answer.Header("Content-Security-Policy") is null)
                continue; // Kestrel's own word, before anything of ours runs.
            Assert.True(answer.ContentHeaders.ContentType?.MediaType == "application/problem+json", $"{answer.Status} without a problem for {request}");
            answer.IsProblem();
        }
        output.WriteLine(string.Join(", ", statuses.Select(entry => $"{entry.Key}: {entry.Value}")));
        Assert.True(statuses.Count > 6);
        Assert.Equal(200, (await host.GetAsync("/alive")).Status);
    }

    [Fact]
    public async Task Whatever_text_is_accepted_comes_back_byte_for_byte()
    {
        await using var host = await StartOnSqliteAsync();
        var random = new Random(20260301);
        var accepted = 0;
        for (var i = 0; i < 500; i++)
        {
            var (title, content) = (Text(random, 100), Text(random, 5_000));
            var body = $"{{\"title\":{Escaped(title)},\"content\":{Escaped(content)},\"categoryId\":1}}";
            var answer = await host.SendAsync("POST", "/posts", 1, body);
            if (answer.Status != 201)
            {
                answer.IsProblem();
                continue;
            }
            accepted++;
            var read = (await host.GetAsync(answer.Header("Location")!, 1)).Body;
            Assert.Equal(title, read.GetProperty("title").GetString());
            Assert.Equal(content, read.GetProperty("content").GetString());
        }
        output.WriteLine($"{accepted} of 500 accepted");
        Assert.InRange(accepted, 100, 490);
    }

    [Fact]
    public async Task Every_nasty_text_is_refused_or_published_read_and_searched_for()
    {
        await using var host = await StartOnSqliteAsync();
        var published = 0;
        foreach (var text in Nasty)
        {
            foreach (var parameter in new[] { "q", "tag", "cursor", "category", "limit" })
            {
                var searched = await host.GetAsync($"/search?{parameter}={Uri.EscapeDataString(text)}", 1);
                if (searched.Status != 200)
                    Assert.Equal(400, searched.IsProblem().Status);
            }
            var answer = await host.SendAsync("POST", "/posts", 1, new { title = text, content = text, categoryId = 1 });
            if (answer.Status != 201)
            {
                answer.IsProblem();
                continue;
            }
            published++;
            var id = answer.Body.GetProperty("id").GetGuid();
            await host.ApproveAsync(id);
            Assert.Equal(text, (await host.GetAsync($"/posts/{id}", 2)).Body.GetProperty("content").GetString());
            Assert.Contains((await host.GetAsync("/search?limit=100", 2)).Items, item => item.GetProperty("title").GetProperty("text").GetString() == text);
        }
        Assert.InRange(published, 40, Nasty.Length - 5);
    }

    /// <summary>The real stores and the real index, because what is hostile to them is not hostile to a dictionary.</summary>
    private Task<FeedBoxHost> StartOnSqliteAsync() => FeedBoxHost.StartAsync(
        services: services => services.AddFeedBoxSqlite(options => options.Path = System.IO.Path.Combine(_data.FullName, "feedbox.db")));

    private static string Path(Random random, string path, Guid known)
    {
        while (path.Contains("{id}"))
        {
            var id = random.Next(3) == 0 ? known.ToString() : Uri.EscapeDataString(Pick(random, Nasty));
            path = path[..path.IndexOf("{id}", StringComparison.Ordinal)] + id + path[(path.IndexOf("{id}", StringComparison.Ordinal) + 4)..];
        }
        if (path.StartsWith("//", StringComparison.Ordinal))
            path = "/x";
        var query = Enumerable.Range(0, random.Next(4)).Select(_ => $"{Pick(random, Parameters)}={Value()}");
        return $"{path}?{string.Join('&', query)}";

        string Value() => random.Next(12) switch
        {
            0 => "%ED%A0%80", // a lone surrogate
            1 => "%FF%FE",
            2 => new string('9', 1000),
            3 => Uri.EscapeDataString(new string('가', 201)),
            _ => Uri.EscapeDataString(Pick(random, Nasty)),
        };
    }

    private static byte[] Body(Random random)
    {
        switch (random.Next(12))
        {
            case 0:
                return Encoding.UTF8.GetBytes($"{{\"title\":\"{new string('a', 1024 * 1024)}\",\"content\":\"b\",\"categoryId\":1}}");
            case 1:
                var noise = new byte[random.Next(200)];
                random.NextBytes(noise);
                return noise;
            case 2:
                return Encoding.UTF8.GetBytes(new string('[', random.Next(1, 2000)));
            case 3:
                return [.. "{\"title\":\""u8, 0xED, 0xA0, 0x80, .. "\",\"content\":\"b\",\"categoryId\":1}"u8];
            case 4:
                return Encoding.UTF8.GetBytes($"{{\"title\":{JsonSerializer.Serialize(Pick(random, Nasty))},\"content\":{JsonSerializer.Serialize(Pick(random, Nasty))},\"categoryId\":1}}");
            default:
                return Encoding.UTF8.GetBytes($"{{\"title\":{Member()},\"content\":{Member()},\"categoryId\":{Member()},\"{random.Next()}\":{Member()}}}");
        }

        string Member() => random.Next(9) switch
        {
            0 => "null",
            1 => "1",
            2 => "-1e400",
            3 => "[[]]",
            4 => "{\"a\":1}",
            5 => "\"\\ud800\"",
            6 => "\"\\u0000\"",
            7 => "\"글\"",
            _ => JsonSerializer.Serialize(Pick(random, Nasty)),
        };
    }

    /// <summary>Any UTF-16 code unit, in scripts and lengths of all kinds, lone surrogates and controls now and then.</summary>
    private static string Text(Random random, int maxLength)
    {
        var text = new StringBuilder();
        var hostile = random.Next(4) == 0;
        for (var length = random.Next(1, random.Next(4) == 0 ? maxLength + 2 : 40); text.Length < length;)
            text.Append(random.Next(8) switch
            {
                0 => char.ConvertFromUtf32(random.Next(0x10000, 0x10FFFF)),
                1 => ((char)random.Next(0x20, 0x7F)).ToString(),
                2 => ((char)random.Next(0x1100, 0x1200)).ToString(),
                3 => ((char)random.Next(0xE000, 0x10000)).ToString(),
                4 when hostile => ((char)random.Next(0, 0x10000)).ToString(),
                5 => "\r\n",
                _ => ((char)random.Next(0xAC00, 0xD7A4)).ToString(),
            });
        return text.ToString();
    }

    /// <summary>As JSON, every unit escaped, so that even lone surrogates arrive.</summary>
    private static string Escaped(string text) => $"\"{string.Concat(text.Select(c => $"\\u{(int)c:x4}"))}\"";

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];
}
