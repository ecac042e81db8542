using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace FeedBox.Bench.Soak;

/// <summary>What people do all day: read mostly, write now and then. The n-th request is of the n-th kind, round and round.</summary>
internal sealed class MixedLoad(StandaloneProcess feedBox)
{
    public const int Connections = 32;
    private const int Users = 15;
    private const int Kinds = 20;
    private const int Crowd = 100_000;
    private static readonly string[] Queries = [.. new[] { "카프카", "서버 장애", "여행 준비", "운동", "김치찌개", "주식" }.Select(Uri.EscapeDataString)];
    private readonly (Guid Id, long Author)[] _recent = new (Guid, long)[1_024];
    private int _published;
    private int _sent;
    private volatile string _couponEvent = "";

    public int Published => _published;

    /// <summary>As much as it takes, for as long as said.</summary>
    public Task<LoadResult> AsMuchAsPossibleAsync(TimeSpan time) =>
        HttpLoad.ClosedAsync(feedBox.Address, Connections, int.MaxValue, Write, Read, time);

    public Task<LoadResult> AtAsync(double perSecond, TimeSpan time) =>
        HttpLoad.OpenAsync(feedBox.Address, Connections, (int)(perSecond * time.TotalSeconds), perSecond, Write, Read);

    public async Task OpenCouponEventAsync()
    {
        using var response = await feedBox.SendAsync(
            HttpMethod.Post, "/coupon-events", user: 1, new { name = "선착순 쿠폰", limit = 1_000, closesAt = DateTimeOffset.UtcNow.AddHours(1) });
        response.EnsureSuccessStatusCode();
        _couponEvent = response.Headers.Location!.ToString();
    }

    private void Write(int number, ArrayBufferWriter<byte> request)
    {
        var turn = Interlocked.Increment(ref _sent);
        var user = UserOf(number);
        var (recent, author) = _recent[turn * 7 % _recent.Length];
        switch (number % Kinds)
        {
            case < 6: HttpLoad.Write(request, "POST", "/posts", user, SamplePosts.Body(turn)); break;
            case < 14: HttpLoad.Write(request, "GET", "/inbox", user); break;
            case < 16: HttpLoad.Write(request, "GET", $"/search?q={Queries[turn % Queries.Length]}", user); break;
            case 16 when author > 0: HttpLoad.Write(request, "DELETE", $"/posts/{recent}", author); break;
            case 17: HttpLoad.Write(request, "PUT", $"/inbox/{recent}/read", user); break;
            default: HttpLoad.Write(request, "POST", $"{_couponEvent}/requests", 1_000 + turn * 31L % Crowd); break;
        }
    }

    private void Read(int number, int status, ReadOnlySpan<byte> body)
    {
        if (number % Kinds >= 6 || status != 201)
            return;
        var at = body.IndexOf("\"id\":\""u8) + 6;
        if (!Utf8Parser.TryParse(body[at..], out Guid id, out _))
            throw new InvalidDataException(Encoding.UTF8.GetString(body));
        _recent[Interlocked.Increment(ref _published) % _recent.Length] = (id, UserOf(number));
    }

    private static long UserOf(int number) => 1 + number / Kinds % Users;
}
