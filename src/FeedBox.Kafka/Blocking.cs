namespace FeedBox.Kafka;

internal static class Blocking
{
    /// <summary>Runs a call that may block for seconds on a thread of its own: the few of the pool have other work.</summary>
    public static Task<T> RunAsync<T>(Func<T> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
