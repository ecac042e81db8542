using FeedBox.Core.Events;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FeedBox.Pipeline.Consuming;

/// <summary>Every consumer there is; those of <see cref="ConsumerOptions.Groups"/> run in this process.</summary>
public sealed class Consumers(
    IEnumerable<IEventHandler> handlers, IEnumerable<IRecordHandler> recordHandlers,
    IEventLog log, IOptions<ConsumerOptions> options, TimeProvider time, ILogger<ConsumerRuntime> logger)
{
    private readonly IReadOnlyList<ConsumerRuntime> _runtimes =
    [
        .. handlers.Select(handler => new ConsumerRuntime(handler, log, options.Value, time, logger)),
        .. recordHandlers.Select(handler => new ConsumerRuntime(handler, log, options.Value, time, logger)),
    ];

    public IReadOnlyList<ConsumerStatus> Statuses => [.. _runtimes.Select(runtime => runtime.Status)];

    public async Task RunAsync(CancellationToken stopping)
    {
        await foreach (var ended in Task.WhenEach(_runtimes.Where(IsMine).Select(runtime => Task.Run(() => runtime.RunAsync(stopping)))))
            await ended; // a consumer that fails to run must not be noticed only when the others end
    }

    private bool IsMine(ConsumerRuntime runtime) => options.Value.Groups is var groups && (groups.Count == 0 || groups.Contains(runtime.Group));
}
