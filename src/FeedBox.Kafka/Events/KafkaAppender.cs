using System.Collections.Concurrent;
using System.Diagnostics;
using Confluent.Kafka;
using FeedBox.Core;
using LogMessage = FeedBox.Core.Events.LogMessage;

namespace FeedBox.Kafka.Events;

/// <summary>
/// The producer of the process. An append that is not acknowledged in time is reported as failed while its messages stay with the
/// producer, which delivers them, in order, as soon as it can. Until it has, further appends to their topics fail at once:
/// an outage costs callers no waiting and the process no memory.
/// </summary>
internal sealed class KafkaAppender : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan OutagePoll = TimeSpan.FromMilliseconds(200);

    private readonly KafkaClients _clients;
    private readonly KafkaOptions _options;
    private readonly ConcurrentDictionary<string, int> _stalled = new();
    private readonly Lock _replacement = new();
    private IProducer<string?, ReadOnlyMemory<byte>> _producer;
    private volatile bool _unreachable;

    public KafkaAppender(KafkaClients clients, KafkaOptions options)
    {
        (_clients, _options) = (clients, options);
        _producer = Create();
    }

    public async Task AppendAsync(IReadOnlyList<LogMessage> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (messages.Count == 0)
            return;
        if (!_stalled.IsEmpty && messages.Any(message => _stalled.ContainsKey(message.Topic)))
            throw Unavailable(null);

        var producer = _producer;
        var append = new Append(this, messages.Count);
        for (var i = 0; i < messages.Count; i++)
        {
            try
            {
                producer.Produce(messages[i].Topic, Message(messages[i]), append.Delivered);
            }
            catch (KafkaException e)
            {
                append.NotSent(e.Error, messages.Count - i);
                break;
            }
        }

        if (!await IsDoneAsync(append, cancellationToken))
        {
            _ = StallAsync(messages, append);
            throw Unavailable(new TimeoutException("No acknowledgement in time."));
        }
        var error = await append.Done;
        if (error is null)
            return;
        if (error.IsFatal)
            Replace(producer);
        throw error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg or ErrorCode.InvalidRecord
            ? new PermanentFailureException($"Kafka refuses the message: {error.Reason}", new KafkaException(error))
            : Unavailable(new KafkaException(error));
    }

    public void Dispose()
    {
        _producer.Flush(FlushTimeout);
        _producer.Dispose();
    }

    private static Message<string?, ReadOnlyMemory<byte>> Message(LogMessage message)
    {
        var headers = new Headers();
        foreach (var (name, value) in message.Headers)
            headers.Add(name, System.Text.Encoding.UTF8.GetBytes(value));
        return new() { Key = message.Key, Value = message.Value, Headers = headers };
    }

    private async Task<bool> IsDoneAsync(Append append, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        for (var wait = _options.OutageTimeout; ; wait = OutagePoll)
        {
            await ((Task)append.Done).WaitAsync(wait, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (append.Done.IsCompleted)
                return true;
            if (_unreachable || Stopwatch.GetElapsedTime(started) >= _options.AppendTimeout)
                return false;
        }
    }

    private async Task StallAsync(IReadOnlyList<LogMessage> messages, Append append)
    {
        string[] topics = [.. messages.Select(message => message.Topic).Distinct()];
        foreach (var topic in topics)
            _stalled.AddOrUpdate(topic, 1, (_, count) => count + 1);
        await append.Done;
        foreach (var topic in topics)
            while (_stalled.TryGetValue(topic, out var count)
                && !(count == 1 ? _stalled.TryRemove(new(topic, 1)) : _stalled.TryUpdate(topic, count - 1, count)))
            {
            }
    }

    /// <summary>After a fatal error a producer takes nothing any more; what it still had was reported as failed.</summary>
    private void Replace(IProducer<string?, ReadOnlyMemory<byte>> failed)
    {
        lock (_replacement)
        {
            if (_producer != failed)
                return;
            _producer = Create();
        }
        _ = Task.Run(failed.Dispose);
    }

    private IProducer<string?, ReadOnlyMemory<byte>> Create() => _clients.CreateProducer(() => _unreachable = true);

    private static DependencyUnavailableException Unavailable(Exception? cause) => new("kafka", RetryAfter, cause);

    /// <summary>Counts acknowledgements; done with the first error, or null, once each message has its answer.</summary>
    private sealed class Append(KafkaAppender owner, int count)
    {
        private readonly TaskCompletionSource<Error?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Error? _error;
        private int _open = count;

        public Task<Error?> Done => _done.Task;

        public void Delivered(DeliveryReport<string?, ReadOnlyMemory<byte>> report) => Close(report.Error, 1);

        public void NotSent(Error error, int messages) => Close(error, messages);

        private void Close(Error error, int messages)
        {
            if (error.IsError)
                Interlocked.CompareExchange(ref _error, error, null);
            else if (owner._unreachable)
                owner._unreachable = false;
            if (Interlocked.Add(ref _open, -messages) == 0)
                _done.SetResult(_error);
        }
    }
}
