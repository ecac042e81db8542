using System.Buffers;
using System.Diagnostics;
using System.Threading.Channels;
using FeedBox.Core;
using HttpMethod = Elastic.Transport.HttpMethod;

namespace FeedBox.Elasticsearch;

/// <summary>
/// Puts writes that are waiting at the same time into one request: while one is under way the next gathers, so batches grow with the load
/// and a lone write waits for nothing. In traces a request belongs to its first write, and is linked with all the others both ways.
/// </summary>
public sealed class BulkWriter : IAsyncDisposable
{
    private const int Capacity = 10_000;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(50);

    private readonly ElasticsearchServer _server;
    private readonly ElasticsearchOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<Write> _waiting = Channel.CreateBounded<Write>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly string _target;
    private readonly string _path;
    private readonly TimeSpan _linger;
    private readonly Task _writing;

    /// <param name="target">An alias that all writes go to and that must be there; null when each says where it goes.</param>
    /// <param name="linger">How long the first write waits for company, where nobody waits for it.</param>
    public BulkWriter(ElasticsearchServer server, ElasticsearchOptions options, TimeProvider time, string? target, TimeSpan linger = default)
    {
        (_server, _options, _time, _linger) = (server, options, time, linger);
        _target = target ?? "documents";
        _path = $"{(target is null ? "" : $"/{target}")}/_bulk?{(target is null ? "" : "require_alias=true&")}filter_path=errors,items.*.status,items.*.error";
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Requests sent so far.</summary>
    internal int Requests { get; private set; }

    /// <param name="lines">As <see cref="BulkBody"/> makes them.</param>
    internal async Task WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        var write = new Write(lines, Activity.Current);
        await _waiting.Writer.WriteAsync(write, cancellationToken);
        await write.Done.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        _stop.CancelAfter(_options.RequestTimeout);
        await _writing;
        _stop.Dispose();
    }

    private async Task WriteAsync()
    {
        Activity.Current = null; // of whoever needed the index first
        var batch = new List<Write>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            if (_linger > TimeSpan.Zero)
                await Task.Delay(_linger, _time);
            batch.Clear();
            var bytes = 0L;
            while (batch.Count < _options.BatchSize && _waiting.Reader.TryPeek(out var next)
                && (batch.Count == 0 || bytes + next.Lines.Length <= _options.BatchBytes))
            {
                _waiting.Reader.TryRead(out _);
                batch.Add(next);
                bytes += next.Lines.Length;
            }
            try
            {
                await SendAsync(batch);
            }
            catch (Exception e)
            {
                foreach (var write in batch)
                    write.Done.TrySetException(e as DependencyUnavailableException ?? new("elasticsearch", TimeSpan.FromSeconds(1), e));
            }
        }
    }

    private async Task SendAsync(List<Write> batch)
    {
        using var activity = Trace(batch);
        var started = _time.GetTimestamp();
        while (true)
        {
            var body = new ArrayBufferWriter<byte>();
            foreach (var write in batch)
                body.Write(write.Lines.Span);
            Requests++;
            var answer = await _server.SendAsync(HttpMethod.POST, _path, body.WrittenMemory, _stop.Token);

            var again = new List<Write>();
            foreach (var (write, (status, type, reason)) in batch.Zip(BulkBody.Outcomes(answer)))
            {
                if (status is 200 or 201 or 409)
                    write.Done.TrySetResult();
                else if (status is 400)
                    write.Done.TrySetException(new PermanentFailureException($"The index refuses the document: {type}: {reason}"));
                else
                    again.Add(write); // blocked while the index is replaced, gone because it was, or the server is busy
            }
            if (again.Count == 0)
                return;
            if (_time.GetElapsedTime(started) >= _options.WriteRetryTimeout)
                throw new DependencyUnavailableException("elasticsearch", TimeSpan.FromSeconds(1));
            batch = again;
            await Task.Delay(RetryDelay, _time, _stop.Token);
        }
    }

    private Activity? Trace(List<Write> batch)
    {
        List<Activity> causes = [.. batch.Select(write => write.Cause).OfType<Activity>().Where(cause => cause.Recorded)];
        if (causes.Count == 0)
            return null;
        var activity = Telemetry.Activities.StartActivity($"bulk {_target}", ActivityKind.Internal, causes[0].Context,
            [new("db.system.name", "elasticsearch"), new("db.operation.name", "bulk"), new("db.operation.batch.size", batch.Count)],
            causes.Skip(1).Select(cause => new ActivityLink(cause.Context)));
        if (activity is not null)
            foreach (var cause in causes.Skip(1))
                cause.AddLink(new(activity.Context));
        return activity;
    }

    /// <param name="Cause">What was under way when it was asked for.</param>
    private sealed record Write(ReadOnlyMemory<byte> Lines, Activity? Cause)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
