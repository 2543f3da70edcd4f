using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MeteringGateway.Sdk.Outboxes;
using MeteringGateway.Sdk.Wire;

namespace MeteringGateway.Sdk;

/// <summary>
/// Reports that wait until the gateway has them: in one file, on disk before the caller goes on, and there again after
/// a crash. They are sent in their order, in batches, again and again with the ids that they were given at first, so
/// that each counts once: also where the same report is put here again after a crash
/// (<see cref="EnqueueAsync(MeteringEvent)"/>). What the gateway refuses for good is kept beside, in the file with
/// <c>.refused</c> appended, and told. Used by any number of threads, and by one process.
/// </summary>
public sealed class Outbox : IAsyncDisposable
{
    private const int MostInBatch = 500;
    private const int MostBatchBytes = 4 * 1024 * 1024;
    private const long WorthRewriting = 1024 * 1024;
    private const long MostAnsweredBytes = 1024 * 1024;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly MeteringClient _client;
    private readonly string _path;
    private readonly string _source;
    private readonly long _mostBytes;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly OutboxFile _file;
    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _toWrite = new(0);
    private readonly SemaphoreSlim _toSend = new(0);
    private readonly Task _writer;
    private readonly Task _sender;

    private readonly Lock _lock = new();
    private readonly List<Item> _unwritten = [];
    private readonly LinkedList<Item> _waiting = new(); // on disk, in their order
    private readonly Remembered _remembered = new(MostAnsweredBytes);
    private long _bytes;
    private long _doneInFile;
    private long _doneToWrite;
    private Exception? _failure;
    private bool _isEnded;

    private sealed class Item(ReportKey key, byte[] bytes, Action<EventResult>? whenAnswered)
    {
        public ReportKey Key => key;
        public byte[] Bytes => bytes;
        public Action<EventResult>? WhenAnswered => whenAnswered;
        public ActivityContext? Caller { get; } = Telemetry.Caller;
        public TaskCompletionSource<OutboxResult> Written { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
        public bool IsDone { get; set; }
    }

    /// <param name="client">To the gateway.</param>
    /// <param name="options">With <see cref="MeteringOptions.OutboxFile"/>.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <param name="log">Null: none.</param>
    /// <exception cref="IOException">The file is another process', or no outbox, or cannot be written.</exception>
    public Outbox(MeteringClient client, MeteringOptions options, TimeProvider? clock = null,
        ILogger<Outbox>? log = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.OutboxFile);
        (_client, _path, _source, _mostBytes) = (client, options.OutboxFile, options.Source, options.OutboxBytes);
        (_clock, _log) = (clock ?? TimeProvider.System, (ILogger?)log ?? NullLogger.Instance);
        (_file, var answered, var waiting) = OutboxFile.Open(_path);
        try
        {
            if (_file.Torn > 0) _log.LogWarning("{Bytes} bytes at the outbox' end were cut off by a crash", _file.Torn);
            foreach (var e in answered) _remembered.Done(Remember(e), e);
            foreach (var e in waiting) Keep(new Item(Remember(e), e, null));
            Rewrite();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
        // They are of nobody's trace, whoever made this: reports are sent in those that they are of.
        using (ExecutionContext.SuppressFlow()) (_writer, _sender) = (Task.Run(Write), Task.Run(Send));
        Telemetry.Watch(this);
    }

    /// <summary>Reports that wait to be sent.</summary>
    public int Count
    {
        get { lock (_lock) return _waiting.Count + _unwritten.Count; }
    }

    /// <summary>A report was refused for good. Told on the outbox' own thread, which waits for it.</summary>
    public event Action<RefusedReport>? Refused;

    /// <summary>
    /// Takes a report. Its id and source are what they are now, and its time too; when this has returned
    /// <see cref="OutboxResult.Kept"/> it outlives the process and the machine's power. One whose source and id are
    /// those of a report that waits here, or was answered lately (the last 1 MiB of them), has what that was given
    /// where it says nothing itself, its time and its reservation: whoever cannot know after a crash whether a report
    /// was put here puts it here again as it was, and it counts once.
    /// </summary>
    /// <exception cref="IOException">The disk failed, or is full; nothing of it was taken.</exception>
    /// <exception cref="ObjectDisposedException">It has ended.</exception>
    public Task<OutboxResult> EnqueueAsync(MeteringEvent report) => Enqueue(report, null, null);

    /// <summary>Takes the report of a permit; its unit is held until it was answered.</summary>
    /// <inheritdoc cref="EnqueueAsync(MeteringEvent)"/>
    public Task<OutboxResult> EnqueueAsync(Allowance allowance, Permit permit, OutcomeReport report)
    {
        ArgumentNullException.ThrowIfNull(allowance);
        return Enqueue(allowance.Complete(permit, report), allowance, permit);
    }

    private Task<OutboxResult> Enqueue(MeteringEvent report, Allowance? allowance, Permit? permit)
    {
        ArgumentNullException.ThrowIfNull(report);
        var key = new ReportKey(report.Tenant, report.Source ?? _source, report.Id);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isEnded, this);
            if (_failure is { } failure) throw new IOException("The outbox' disk failed.", failure);
            var before = _remembered.Of(key);
            if (before is { } given) report = As(report, given, isPermits: permit is not null);
            var now = _clock.GetUtcNow();
            var item = new Item(key, EventJson.Write(report, _source, now),
                permit is { } of ? _ => Settle(allowance!, of, isUsed: before is null) : null);
            var size = OutboxFile.SizeOf(item.Bytes);
            if (_bytes + size > _mostBytes) return Task.FromResult(OutboxResult.Full);
            _remembered.Add(key, new Given(report.Time ?? now, (report as OutcomeReport)?.Reservation));
            _bytes += size;
            _unwritten.Add(item);
            _toWrite.Release();
            return item.Written.Task;
        }
    }

    /// <summary>As it was told before, as far as it does not say otherwise.</summary>
    private static MeteringEvent As(MeteringEvent report, Given before, bool isPermits)
    {
        if (report is OutcomeReport outcome && (isPermits || outcome.Reservation is null))
            report = outcome with { Reservation = before.Reservation };
        return report with { Time = report.Time ?? before.Time };
    }

    /// <param name="isUsed">False: the report was put here before, and used another permit's unit if any.</param>
    private static void Settle(Allowance allowance, in Permit permit, bool isUsed)
    {
        if (isUsed) allowance.Settle(permit);
        else allowance.Return(permit);
    }

    /// <summary>Sends no more, and leaves what waits to the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isEnded) return;
            _isEnded = true;
        }
        Telemetry.Forget(this);
        await _ending.CancelAsync();
        _toWrite.Release();
        await Task.WhenAll(_writer, _sender);
        _file.Dispose();
        _ending.Dispose();
        _toWrite.Dispose();
        _toSend.Dispose();
    }

    // Whatever came while the disk was busy is written at once.
    private async Task Write()
    {
        for (; ; )
        {
            await _toWrite.WaitAsync();
            List<Item> batch;
            bool isEnded;
            lock (_lock)
            {
                batch = [.. _unwritten];
                isEnded = _isEnded;
                foreach (var item in batch) _file.AddEvent(item.Bytes);
                if (_doneToWrite > 0) _file.AddDone(_doneInFile);
                _doneToWrite = 0;
            }
            try
            {
                _file.Sync();
                Done(batch);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Fail(batch, e);
            }
            if (isEnded) return;
        }
    }

    private void Done(List<Item> batch)
    {
        lock (_lock)
        {
            _unwritten.RemoveRange(0, batch.Count);
            foreach (var item in batch) _waiting.AddLast(item);
            // What is done is forgotten when it is more than what waits, but for the last of it.
            var needed = _bytes + _remembered.AnsweredBytes;
            if (_file.Length > needed + WorthRewriting && _file.Length > 2 * needed) Rewrite();
        }
        foreach (var item in batch) item.Written.TrySetResult(OutboxResult.Kept);
        if (batch.Count > 0) _toSend.Release();
    }

    private void Fail(List<Item> batch, Exception cause)
    {
        _log.LogError(cause, "The outbox could not be written");
        lock (_lock)
        {
            _unwritten.RemoveRange(0, batch.Count);
            _bytes -= batch.Sum(item => OutboxFile.SizeOf(item.Bytes));
            foreach (var item in batch) _remembered.Remove(item.Key);
            // After a failed sync nobody knows what is on disk: a full disk alone is known to have taken nothing.
            if (cause is not IOException { HResult: 28 }) _failure = cause;
        }
        foreach (var item in batch) item.Written.TrySetException(new IOException("The outbox' disk failed.", cause));
    }

    private ReportKey Remember(byte[] e)
    {
        var (key, given) = Remembered.Read(e);
        _remembered.Add(key, given);
        return key;
    }

    private void Rewrite()
    {
        _doneInFile = _file.Rewrite([.. _remembered.Answered], _waiting.Select(item => item.Bytes));
        _doneToWrite = 0;
    }

    private void Keep(Item item)
    {
        _waiting.AddLast(item);
        _bytes += OutboxFile.SizeOf(item.Bytes);
    }

    private async Task Send()
    {
        var (failures, most) = (0, MostInBatch);
        try
        {
            for (; ; )
            {
                var batch = Next(most);
                if (batch.Count == 0)
                {
                    await _toSend.WaitAsync(_ending.Token);
                    continue;
                }
                try
                {
                    var results = await _client.Report([.. batch.Select(item => (ReadOnlyMemory<byte>)item.Bytes)],
                        _ending.Token, batch.Select(item => item.Caller).OfType<ActivityContext>());
                    most = MostInBatch;
                    if (Answered(batch, results))
                    {
                        failures = 0;
                        continue;
                    }
                }
                catch (MeteringUnavailableException e)
                {
                    _log.LogWarning("{Count} reports wait: {Code}", Count, e.Code);
                }
                catch (MeteringException e) when (e.Problem.Status is 401 or 403)
                {
                    // The key's fault, and no event's.
                    _log.LogError("Reports are not taken: {Reason}", e.Message);
                }
                catch (MeteringException e)
                {
                    // One of them makes it unreadable as a whole: which, is found by halves.
                    if (batch.Count > 1) most = batch.Count / 2;
                    else Answered(batch, [new EventResult(null, EventStatus.Rejected, Problem: e.Problem)]);
                    continue;
                }
                catch (Exception e) when (!(e is OperationCanceledException && _ending.IsCancellationRequested))
                {
                    // What the application put between, a handler of its own say, failed as nothing here knows.
                    _log.LogError(e, "{Count} reports wait: they could not be sent", Count);
                }
                await Task.Delay(Sender.Backoff(++failures, FirstWait, LongestWait), _clock, _ending.Token);
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
        }
    }

    private static string Name(EventResult result) => result.Status switch
    {
        EventStatus.Accepted => "accepted",
        EventStatus.Duplicate => "duplicate",
        _ => "rejected",
    };

    private List<Item> Next(int most)
    {
        var batch = new List<Item>();
        var bytes = 0L;
        lock (_lock)
        {
            foreach (var item in _waiting)
            {
                if (batch.Count == most || bytes > 0 && bytes + item.Bytes.Length > MostBatchBytes) break;
                if (item.IsDone) continue;
                bytes += item.Bytes.Length;
                batch.Add(item);
            }
        }
        return batch;
    }

    /// <summary>False: some may be taken later.</summary>
    private bool Answered(List<Item> batch, IReadOnlyList<EventResult> results)
    {
        var all = true;
        for (var i = 0; i < batch.Count; i++)
        {
            var (item, result) = (batch[i], results[i]);
            if (result.Problem is { } problem)
            {
                if (Sender.MayPass(problem))
                {
                    all = false;
                    continue;
                }
                KeepRefused(item, problem);
            }
            item.IsDone = true;
            Tell(() => item.WhenAnswered?.Invoke(result));
            Telemetry.Delivered.Add(1, new KeyValuePair<string, object?>("status", Name(result)));
        }
        lock (_lock)
        {
            while (_waiting.First is { Value: { IsDone: true } done })
            {
                _waiting.RemoveFirst();
                _bytes -= OutboxFile.SizeOf(done.Bytes);
                _remembered.Done(done.Key, done.Bytes);
                (_doneInFile, _doneToWrite) = (_doneInFile + 1, _doneToWrite + 1);
            }
        }
        _toWrite.Release();
        return all;
    }

    private void KeepRefused(Item item, Problem problem)
    {
        using var document = JsonDocument.Parse(item.Bytes);
        var refused = document.RootElement.Clone();
        _log.LogError("A report was refused: {Code}", problem.Code);
        try
        {
            using var file = new FileStream(_path + ".refused", FileMode.Append, FileAccess.Write, FileShare.Read);
            if (file.Length < _mostBytes)
            {
                file.Write(JsonSerializer.SerializeToUtf8Bytes(new RefusedWire(refused, problem),
                    WireJson.Types.RefusedWire));
                file.Write("\n"u8);
                file.Flush(flushToDisk: true);
            }
            else _log.LogError("There is no room for it beside the outbox: it is not kept");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogError(e, "It could not be kept beside the outbox");
        }
        Tell(() => Refused?.Invoke(new RefusedReport(refused, problem)));
    }

    // What fails with whoever is told is not the outbox' failure: the next report is sent all the same.
    private void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception e)
        {
            _log.LogError(e, "Whoever was told of a report failed");
        }
    }
}
