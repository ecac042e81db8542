using System.Diagnostics;
using System.Diagnostics.Metrics;
using FeedBox.Core;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FeedBox.Sqlite;

/// <summary>
/// One SQLite file, for one process. All writes go through one thread, which puts whatever waits into one transaction: a commit
/// costs a disk flush however many writes it carries. Reads run beside it on the caller's thread. Disposing finishes the queue.
/// </summary>
public sealed class SqliteDatabase : IDisposable
{
    private const long WalBoundWhenIdle = 16 << 20;
    private const long WalBound = 96 << 20;
    private const int DeleteChunk = 1_000;

    /// <summary>Without writes for this long, the write-ahead log is cut down; between writes it would only cost them time.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(500);

    private readonly SqliteOptions _options;
    private readonly FileStream _processLock;
    private readonly SqliteWriter _writer;
    private readonly SqliteReader?[] _readers = new SqliteReader?[16];
    private readonly Meter _meter = new(Telemetry.Name);
    private readonly Histogram<int> _batchSizes;

    private readonly Lock _gate = new();
    private readonly Queue<Write> _queue = new();
    private readonly Queue<Write> _lingering = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly SemaphoreSlim _slots;
    private readonly Thread _thread;
    private bool _idle;
    private long _lastLingering = Stopwatch.GetTimestamp();
    private volatile bool _closing;

    /// <summary>Opens the file, making it and its tables when missing.</summary>
    /// <exception cref="InvalidDataException">The file is no FeedBox database, is damaged, or was made by a newer FeedBox.</exception>
    /// <exception cref="IOException">Another process has it open.</exception>
    /// <exception cref="DependencyUnavailableException">The file is locked, or the disk is full or fails.</exception>
    public static SqliteDatabase Open(SqliteOptions options)
    {
        var path = Path.GetFullPath(options.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var processLock = Lock(path);
        SqliteWriter? writer = null;
        try
        {
            writer = new(options);
            SqliteSchema.Apply(writer);
            return new(options, processLock, writer);
        }
        catch (Exception e)
        {
            writer?.Dispose();
            processLock.Dispose();
            if (e is SqliteException { SqliteErrorCode: raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB } damaged)
                throw new InvalidDataException(
                    $"'{path}' is not a readable SQLite database ({damaged.Message}). Restore it from a backup, or move it away to start empty.", e);
            throw Translate(e);
        }
    }

    private SqliteDatabase(SqliteOptions options, FileStream processLock, SqliteWriter writer)
    {
        _options = options;
        _processLock = processLock;
        _writer = writer;
        _slots = new(options.MaxQueuedWrites);
        _meter.CreateObservableGauge("feedbox.sqlite.write_queue", () => QueuedWrites, description: "Writes waiting for a commit");
        _batchSizes = _meter.CreateHistogram<int>("feedbox.sqlite.commit.size", description: "Writes that shared a commit");
        _thread = new(WriteLoop) { IsBackground = true, Name = "FeedBox SQLite writer" };
        _thread.Start();
    }

    public int QueuedWrites => _options.MaxQueuedWrites - _slots.CurrentCount;

    /// <summary>
    /// Runs the work in a transaction and returns when it is durable. When it throws, only its own changes are undone.
    /// It may run twice, and others' work runs in the same transaction: it must touch nothing but the database, and be short.
    /// Cancelling has an effect only while it waits.
    /// </summary>
    /// <exception cref="DependencyUnavailableException">Locked, disk full or failing; nothing was written.</exception>
    public Task<T> WriteAsync<T>(Func<SqliteWriter, T> work, CancellationToken cancellationToken) =>
        EnqueueAsync(_queue, work, cancellationToken);

    /// <summary>
    /// Like <see cref="WriteAsync{T}"/>, for what nobody waits for: such writes get a commit at most every
    /// <see cref="SqliteOptions.Linger"/>, because pages that many of them touch are then written once.
    /// </summary>
    public Task<T> WriteTogetherAsync<T>(Func<SqliteWriter, T> work, CancellationToken cancellationToken) =>
        EnqueueAsync(_lingering, work, cancellationToken);

    public Task WriteTogetherAsync(Action<SqliteWriter> work, CancellationToken cancellationToken) =>
        WriteTogetherAsync(WithoutResult(work), cancellationToken);

    private async Task<T> EnqueueAsync<T>(Queue<Write> queue, Func<SqliteWriter, T> work, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        var write = new Write<T>(work, cancellationToken);
        lock (_gate)
        {
            if (_closing)
                throw new DependencyUnavailableException("sqlite", TimeSpan.FromSeconds(1), new ObjectDisposedException(nameof(SqliteDatabase)));
            queue.Enqueue(write);
            if (_idle)
            {
                _idle = false;
                _wake.Set();
            }
        }
        return await write.Task;
    }

    public Task WriteAsync(Action<SqliteWriter> work, CancellationToken cancellationToken) =>
        WriteAsync(WithoutResult(work), cancellationToken);

    /// <summary>Deletes in transactions of so many rows, so that others write in between, until one finds fewer. Returns how many there were.</summary>
    public async Task<int> DeleteAsync(Func<SqliteWriter, int, int> deleteAtMost, CancellationToken cancellationToken)
    {
        var deleted = 0;
        int chunk;
        do
            deleted += chunk = await WriteAsync(writer => deleteAtMost(writer, DeleteChunk), cancellationToken);
        while (chunk == DeleteChunk);
        return deleted;
    }

    private static Func<SqliteWriter, bool> WithoutResult(Action<SqliteWriter> work) => writer =>
    {
        work(writer);
        return true;
    };

    /// <summary>Runs the work on a read connection, on the calling thread.</summary>
    /// <exception cref="DependencyUnavailableException">Locked, disk full or failing.</exception>
    public T Read<T>(Func<SqliteReader, T> work)
    {
        SqliteReader? reader = null;
        try
        {
            reader = TakeReader();
            return work(reader);
        }
        catch (Exception e) when (Translate(e) is var translated && translated != e)
        {
            throw translated;
        }
        finally
        {
            if (reader is not null)
                KeepReader(reader);
        }
    }

    /// <summary><see cref="Read{T}"/> for ports that return tasks; completed when it returns.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteReader, T> work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        try
        {
            return Task.FromResult(Read(work));
        }
        catch (Exception e)
        {
            return Task.FromException<T>(e);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_closing)
                return;
            _closing = true;
            _wake.Set();
        }
        _thread.Join();
        _meter.Dispose();
        foreach (ref var place in _readers.AsSpan())
            Interlocked.Exchange(ref place, null)?.Dispose();
        _writer.Dispose();
        _processLock.Dispose();
    }

    private SqliteReader TakeReader()
    {
        ObjectDisposedException.ThrowIf(_closing, this);
        foreach (ref var place in _readers.AsSpan())
            if (place is not null && Interlocked.Exchange(ref place, null) is { } reader)
                return reader;
        return new(_options);
    }

    private void KeepReader(SqliteReader reader)
    {
        reader.ResetStatements();
        foreach (ref var place in _readers.AsSpan())
            if (!_closing && place is null && Interlocked.CompareExchange(ref place, reader, null) is null)
                return;
        reader.Dispose();
    }

    private void WriteLoop()
    {
        var batch = new List<Write>(_options.MaxBatch);
        while (Take(batch))
        {
            _batchSizes.Record(batch.Count);
            Commit(batch);
            _slots.Release(batch.Count);
            batch.Clear();
            BoundWal(WalBound);
        }
    }

    /// <summary>Waits for writes; false when closing and none is left.</summary>
    private bool Take(List<Write> batch)
    {
        while (true)
        {
            var wait = Timeout.InfiniteTimeSpan;
            lock (_gate)
            {
                while (batch.Count < _options.MaxBatch && _queue.TryDequeue(out var write))
                    batch.Add(write);
                if (_lingering.Count > 0)
                {
                    wait = _options.Linger - Stopwatch.GetElapsedTime(_lastLingering);
                    if (wait <= TimeSpan.Zero || _closing)
                    {
                        _lastLingering = Stopwatch.GetTimestamp();
                        batch.AddRange(_lingering);
                        _lingering.Clear();
                    }
                }
                if (batch.Count > 0)
                    return true;
                if (_closing)
                    return false;
                _idle = true;
            }
            if (wait != Timeout.InfiniteTimeSpan)
                _wake.WaitOne(wait);
            else if (!_wake.WaitOne(Quiet))
            {
                BoundWal(WalBoundWhenIdle);
                _wake.WaitOne();
            }
        }
    }

    private void Commit(List<Write> batch)
    {
        try
        {
            _writer.Prepare("BEGIN IMMEDIATE").Execute();
            if (!TryRunTogether(batch))
            {
                _writer.ResetStatements();
                if (_writer.InTransaction)
                    _writer.Prepare("ROLLBACK").Execute();
                _writer.Prepare("BEGIN IMMEDIATE").Execute();
                RunApart(batch);
            }
            _writer.ResetStatements();
            _writer.Prepare("COMMIT").Execute();
        }
        catch (Exception e)
        {
            Abandon();
            foreach (var write in batch)
                write.Error = Translate(e);
        }
        foreach (var write in batch)
            write.Complete();
    }

    /// <summary>The usual way, without a savepoint for each. The first failure gives up.</summary>
    private bool TryRunTogether(List<Write> batch)
    {
        foreach (var write in batch)
        {
            write.Run(_writer);
            if (write.Error is not null)
                return false;
        }
        return true;
    }

    private void RunApart(List<Write> batch)
    {
        foreach (var write in batch)
        {
            _writer.Prepare("SAVEPOINT write").Execute();
            write.Run(_writer);
            if (write.Error is { } error)
            {
                _writer.ResetStatements();
                if (!_writer.InTransaction)
                    throw error;
                _writer.Prepare("ROLLBACK TO write").Execute();
                write.Error = Translate(error);
            }
            _writer.Prepare("RELEASE write").Execute();
        }
    }

    private void Abandon()
    {
        try
        {
            _writer.ResetStatements();
            if (_writer.InTransaction)
                _writer.Prepare("ROLLBACK").Execute();
        }
        catch (SqliteException)
        {
            // the transaction is gone with its cause; the next BEGIN tells whether the file is usable again
        }
    }

    /// <summary>The log shrinks by itself only when no reader is looking; this waits for a moment without one.</summary>
    private void BoundWal(long bound)
    {
        try
        {
            var wal = new FileInfo(_options.Path + "-wal");
            if (wal.Exists && wal.Length > bound)
                _writer.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            // a reader outlasted the wait, or the disk is full: the next batch tries again
        }
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not DirectoryNotFoundException)
        {
            throw new IOException($"'{path}' is in use by another FeedBox process.", e);
        }
    }

    private static Exception Translate(Exception e) =>
        e is SqliteException
        {
            SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_IOERR or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_CANTOPEN
                or raw.SQLITE_READONLY or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
        }
            ? new DependencyUnavailableException("sqlite", TimeSpan.FromSeconds(1), e)
            : e;

    private abstract class Write
    {
        public Exception? Error { get; set; }

        public abstract void Run(SqliteWriter writer);

        public abstract void Complete();
    }

    private sealed class Write<T>(Func<SqliteWriter, T> work, CancellationToken cancellationToken) : Write
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;
        private bool _cancelled;

        public Task<T> Task => _completion.Task;

        public override void Run(SqliteWriter writer)
        {
            if (_cancelled = cancellationToken.IsCancellationRequested)
                return;
            try
            {
                Error = null;
                _result = work(writer);
            }
            catch (Exception e)
            {
                Error = e;
            }
        }

        public override void Complete()
        {
            if (Error is not null)
                _completion.SetException(Error);
            else if (_cancelled)
                _completion.SetCanceled(cancellationToken);
            else
                _completion.SetResult(_result);
        }
    }
}
