using System.Globalization;
using System.Collections.Concurrent;
using System.Text.Json;
using FeedBox.Core.Events;
using FeedBox.Pipeline.Consuming;
using FeedBox.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeedBox.Pipeline.Tests.Consuming;

/// <summary>A handler made of a delegate; the events of the tests carry a number.</summary>
internal sealed class Handler(Func<FeedEvent, int, CancellationToken, Task> handle, string group = "group", string topic = "topic") : IEventHandler
{
    public ConcurrentQueue<(string Key, int Number)> Handled { get; } = new();
    public string Group => group;
    public IReadOnlyList<string> Topics => [topic];

    public Handler() : this((_, _, _) => Task.CompletedTask)
    {
    }

    public async Task HandleAsync(FeedEvent e, CancellationToken cancellationToken)
    {
        var number = int.Parse(e.Data.Span, CultureInfo.InvariantCulture);
        await handle(e, number, cancellationToken);
        Handled.Enqueue((e.Key, number));
    }
}

/// <summary>A running consumer, stopped at the end of the test.</summary>
internal sealed class Running : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _task;

    public Running(MemoryEventLog log, IEventHandler handler, TimeProvider? time = null, ConsumerOptions? options = null)
        : this(new ConsumerRuntime(handler, log, options ?? new(), time ?? TimeProvider.System, NullLogger<ConsumerRuntime>.Instance))
    {
    }

    public Running(MemoryEventLog log, IRecordHandler handler, TimeProvider? time = null, ConsumerOptions? options = null)
        : this(new ConsumerRuntime(handler, log, options ?? new(), time ?? TimeProvider.System, NullLogger<ConsumerRuntime>.Instance))
    {
    }

    private Running(ConsumerRuntime runtime)
    {
        Runtime = runtime;
        _task = Task.Run(() => Runtime.RunAsync(_stop.Token));
    }

    public ConsumerRuntime Runtime { get; }

    public Task StopAsync()
    {
        _stop.Cancel();
        return _task;
    }

    public async ValueTask DisposeAsync() => await StopAsync().WaitAsync(Eventually.Patience);
}

internal static class Log
{
    public static LogMessage Message(string? key, int number, string topic = "topic", int schema = 1, params (string, string)[] headers)
    {
        var now = DateTimeOffset.UtcNow;
        var e = new FeedEvent(Guid.CreateVersion7(now), "test", schema, key ?? "", now, JsonSerializer.SerializeToUtf8Bytes(number), null);
        var message = EventCodec.Encode(new(topic, e));
        return message with
        {
            Key = key,
            Headers = [.. message.Headers, .. headers.Select(header => KeyValuePair.Create(header.Item1, header.Item2))],
        };
    }

    public static Task AppendAsync(this MemoryEventLog log, string key, params int[] numbers) =>
        log.AppendAsync([.. numbers.Select(number => Message(key, number))], default);
}
