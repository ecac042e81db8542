using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using MySqlConnector;

namespace FeedBox.MySql;

/// <summary>Also retries what a restart or a kill of the server looks like in the middle of a conversation.</summary>
internal sealed class MySqlRetries(ExecutionStrategyDependencies dependencies, MySqlOptions options)
    : MySqlRetryingExecutionStrategy(dependencies, options.Retries, options.MaxRetryDelay, errorNumbersToAdd: null)
{
    protected override bool ShouldRetryOn(Exception exception) =>
        !IsTimeout(exception) && (base.ShouldRetryOn(exception) || IsInterrupted(exception));

    /// <summary>Has waited as long as is allowed, holding a connection that others wait for.</summary>
    internal static bool IsTimeout(Exception exception) =>
        exception is MySqlException { ErrorCode: MySqlErrorCode.LockWaitTimeout or MySqlErrorCode.CommandTimeoutExpired };

    private static bool IsInterrupted(Exception? exception) => exception switch
    {
        null => false,
        IOException or System.Net.Sockets.SocketException or EndOfStreamException => true,
        MySqlException
        {
            ErrorCode: MySqlErrorCode.ServerShutdown or MySqlErrorCode.QueryInterrupted or MySqlErrorCode.UnableToConnectToHost
                or MySqlErrorCode.AbortingConnection or MySqlErrorCode.NewAbortingConnection or MySqlErrorCode.ClientInteractionTimeout,
        } => true,
        _ => IsInterrupted(exception.InnerException),
    };
}
