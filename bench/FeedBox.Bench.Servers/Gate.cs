using System.Diagnostics;
using System.Globalization;
using FeedBox.Core.Coupons;
using FeedBox.Redis;
using FeedBox.Redis.Coupons;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FeedBox.Bench.Servers;

/// <summary>
/// A stampede on the gate of one event, 100 coupons for 50,000 users who come at random, against redis-benchmark running the same script
/// with the same keys and arguments on a gate of its own: one connection each, and as many requests unanswered.
/// </summary>
internal static class Gate
{
    private const int Limit = 100;
    private const int Users = 50_000;
    private const string Prefix = "feedbox-bench:";

    public static async Task RunAsync(Report report)
    {
        const string bar = "redis-coupon-gate";
        if (!Server.IsThere(bar, "redis"))
            return;
        if (FindBenchmark() is not { } benchmark)
        {
            Report.Skip(bar, "no redis-benchmark: neither redis/cli in the folder FEEDBOX_SERVERS nor on the PATH");
            return;
        }
        await using var process = await Server.StartAsync(
            (services, configuration) => services.AddFeedBoxRedis(configuration), KeyValuePair.Create("FeedBox:Redis:KeyPrefix", (string?)Prefix));
        var gate = process.GetRequiredService<ICouponGate>();
        var redis = process.GetRequiredService<IConnectionMultiplexer>();
        var server = redis.GetServers()[0];
        var script = Convert.ToHexStringLower(await server.ScriptLoadAsync(GateScripts.Reserve));
        var requests = report.Size(200_000);

        foreach (var inFlight in (int[])[16, 64])
        {
            var (bare, feedBox) = await Turns.MedianRatesAsync(() => BenchmarkAsync(inFlight), () => StampedeAsync(inFlight));
            report.Add($"{bar}-{inFlight}", feedBox / bare, "", Target.AtLeast(0.5),
                $"{feedBox:#,0} reservations/s with {inFlight} unanswered; redis-benchmark with the same script {bare:#,0}/s; "
                + $"medians of {Turns.Rounds}; Redis {server.Version}");
        }

        async Task<double> StampedeAsync(int inFlight)
        {
            var eventId = await OpenAsync();
            using var caller = new CancellationTokenSource();
            var (next, reserved) = (0, 0);
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Increment(ref next) <= requests)
                    if ((await gate.ReserveAsync(eventId, Random.Shared.Next(Users), DateTimeOffset.UtcNow, caller.Token)).Answer == GateAnswer.Reserved)
                        Interlocked.Increment(ref reserved);
            })));
            var elapsed = Stopwatch.GetElapsedTime(started);
            var taken = await CloseAsync(eventId);
            return reserved >= Limit && taken == Limit
                ? requests / elapsed.TotalSeconds
                : throw new InvalidOperationException($"{taken} places were given, not {Limit}.");
        }

        async Task<double> BenchmarkAsync(int inFlight)
        {
            var eventId = await OpenAsync();
            var keys = new[] { "gate", "unconfirmed" }.Select(key => $"{Prefix}coupon:{{{eventId}}}:{key}").ToArray();
            var (host, port) = redis.GetEndPoints()[0] switch
            {
                System.Net.IPEndPoint ip => (ip.Address.ToString(), ip.Port),
                System.Net.DnsEndPoint dns => (dns.Host, dns.Port),
                var other => throw new NotSupportedException($"{other}"),
            };
            List<string> arguments =
            [
                .. benchmark.Skip(1), "-h", host, "-p", $"{port}", "-c", "1", "-P", $"{inFlight}", "-n", $"{requests}", "-r", $"{Users}", "--csv",
                "EVALSHA", script, "2", .. keys, "__rand_int__", $"{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}",
                $"{(long)new RedisOptions().CouponGatesKeptFor.TotalMilliseconds}",
            ];
            using var run = Process.Start(new ProcessStartInfo(benchmark[0], arguments) { RedirectStandardOutput = true })!;
            var output = await run.StandardOutput.ReadToEndAsync();
            await run.WaitForExitAsync();
            var taken = await CloseAsync(eventId);
            // "test","rps",…
            return taken == Limit && output.TrimEnd().Split('\n')[^1].Split("\",\"") is [_, var rate, ..]
                ? double.Parse(rate, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException($"redis-benchmark gave {taken} places and said: {output}");
        }

        async Task<Guid> OpenAsync()
        {
            var eventId = Guid.CreateVersion7();
            await gate.BeginLoadAsync(eventId, 1, CancellationToken.None);
            await gate.LoadAsync(eventId, 1, Limit, [], CancellationToken.None);
            return eventId;
        }

        async Task<int?> CloseAsync(Guid eventId)
        {
            var taken = await gate.CountAsync(eventId, CancellationToken.None);
            await redis.GetDatabase().KeyDeleteAsync(
                [$"{Prefix}coupon:{{{eventId}}}:gate", $"{Prefix}coupon:{{{eventId}}}:unconfirmed", $"{Prefix}coupon-events"]);
            return taken;
        }
    }

    /// <summary>The program and its first arguments.</summary>
    private static string[]? FindBenchmark()
    {
        if (Environment.GetEnvironmentVariable("FEEDBOX_SERVERS") is { Length: > 0 } folder && Path.Combine(folder, "redis", "cli") is var cli && File.Exists(cli))
            return [cli, "benchmark"];
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(path => Path.Combine(path, "redis-benchmark")).FirstOrDefault(File.Exists) is { } program ? [program] : null;
    }
}
