using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MySqlConnector;

namespace FeedBox.MySql.Events;

/// <summary>
/// Which shards of the outbox this process publishes: those whose named lock its session holds. The server gives a lock to one session at a time
/// and takes it back when the session ends: at once when the process dies, and 9 s after its last sign when it hangs.
/// A claim is believed for less than that, and otherwise confirmed first.
/// </summary>
internal sealed partial class ShardClaims(IOptions<MySqlOptions> options, TimeProvider time, ILogger<ShardClaims> logger) : IAsyncDisposable
{
    private static readonly TimeSpan Ping = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(9);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly HashSet<int> _held = [];
    private MySqlConnection? _session;
    private ITimer? _pings;
    private long _confirmedAt;

    /// <summary>True when the shard is, or from now on is, this process's to publish.</summary>
    public async Task<bool> HoldAsync(int shard, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_session is not null && time.GetElapsedTime(_confirmedAt) >= Ping)
                await ConfirmAsync(cancellationToken);
            if (_held.Contains(shard))
                return true;
            var session = _session ??= await OpenAsync(cancellationToken);
            if (await AskAsync(session, "SELECT GET_LOCK(CONCAT(DATABASE(), '.outbox.', @shard), 0)", shard, cancellationToken) != 1)
                return false;
            _held.Add(shard);
            LogHeld(shard);
            return true;
        }
        catch (MySqlException)
        {
            await CloseAsync();
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task ReleaseAsync(int shard, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_held.Remove(shard))
                await AskAsync(_session!, "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.outbox.', @shard))", shard, cancellationToken);
        }
        catch (MySqlException)
        {
            await CloseAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        await CloseAsync();
        _gate.Release();
    }

    private async Task<MySqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        // Not from the pool: its end must end the session.
        var session = new MySqlConnection(new MySqlConnectionStringBuilder(MySqlServices.ConnectionString(options.Value)) { Pooling = false }.ConnectionString);
        await session.OpenAsync(cancellationToken);
        await using var command = new MySqlCommand($"SET SESSION wait_timeout = {(int)Silence.TotalSeconds}", session);
        await command.ExecuteNonQueryAsync(cancellationToken);
        _confirmedAt = time.GetTimestamp();
        _pings = time.CreateTimer(_ => _ = PingAsync(), null, Ping, Ping);
        return session;
    }

    private async Task PingAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_session is not null)
                await ConfirmAsync(default);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A session that is gone has taken the locks with it.</summary>
    private async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        var asked = time.GetTimestamp();
        if (await _session!.PingAsync(cancellationToken))
            _confirmedAt = asked;
        else
            await CloseAsync();
    }

    private async Task CloseAsync()
    {
        if (_held.Count > 0)
            LogGone(_held.Count);
        _held.Clear();
        if (_pings is { } pings)
            await pings.DisposeAsync();
        if (_session is { } session)
            await session.DisposeAsync();
        (_pings, _session) = (null, null);
    }

    private static async Task<long> AskAsync(MySqlConnection session, string sql, int shard, CancellationToken cancellationToken)
    {
        await using var command = new MySqlCommand(sql, session);
        command.Parameters.AddWithValue("@shard", shard);
        return await command.ExecuteScalarAsync(cancellationToken) is { } answer and not DBNull ? Convert.ToInt64(answer) : 0;
    }

    [LoggerMessage(LogLevel.Information, "Publishes shard {Shard} of the outbox")]
    private partial void LogHeld(int shard);

    [LoggerMessage(LogLevel.Information, "Gives up {Count} shards of the outbox")]
    private partial void LogGone(int count);
}
