using System.Diagnostics;

namespace MeteringGateway.Engine;

/// <summary>
/// One turn at a time, and nobody waits for it: who finds it free has it on its own thread, if what it does is short;
/// everybody else leaves what it wants done, and one of the <see cref="Workers"/> does it when its turn has come.
/// </summary>
internal sealed partial class TenantHost
{
    /// <summary>Who waits, for each lane; null until somebody does. With the two below, guarded by a lock on the state
    /// that nobody holds longer than it takes to look.</summary>
    private Queue<Job>?[]? _waiting;
    private bool _busy;

    /// <summary>Lanes in which a worker is to come, as bits.</summary>
    private byte _called;

    /// <summary>
    /// Runs <paramref name="run"/> in the tenant's turn. If it throws, the host is retired: its state may be ahead of
    /// what was kept.
    /// </summary>
    /// <exception cref="TenantFailedException">It failed, or too many wait for this tenant.</exception>
    public ValueTask<T> InTurn<TArg, T>(Lane lane, bool isShort, TArg arg, Func<TenantHost, TArg, T> run,
        CancellationToken cancellation = default)
    {
        Job<TArg, T> job;
        bool call;
        lock (_state)
        {
            if (!_busy && (isShort || Workers.IsOne) && !Waits(lane))
            {
                _busy = true;
                job = null!;
                call = false;
            }
            else
            {
                job = new Job<TArg, T>(this, arg, run, cancellation);
                call = Leave(job, lane);
            }
        }
        if (job is not null)
        {
            if (call) Call(lane);
            return new ValueTask<T>(job.Done);
        }
        try
        {
            return new ValueTask<T>(Have(arg, run));
        }
        finally
        {
            End();
        }
    }

    private bool Waits(Lane lane)
    {
        if (_waiting is null) return false;
        for (var urgent = Lane.People; urgent <= lane; urgent++) if (_waiting[(int)urgent]?.Count > 0) return true;
        return false;
    }

    private bool Leave(Job job, Lane lane)
    {
        var jobs = (_waiting ??= new Queue<Job>?[3])[(int)lane] ??= [];
        if (jobs.Count >= _engine.Options.TurnsWaiting) throw new TenantFailedException(Id, TimeSpan.FromSeconds(1));
        jobs.Enqueue(job);
        if (_busy || (_called & Bit(lane)) != 0) return false;
        _called |= Bit(lane);
        return true;
    }

    private void End()
    {
        int call;
        lock (_state)
        {
            _busy = false;
            if (_waiting is null) return;
            call = 0;
            for (var lane = Lane.People; lane <= Lane.Bulk; lane++)
                if (_waiting[(int)lane]?.Count > 0 && (_called & Bit(lane)) == 0) call |= Bit(lane);
            _called |= (byte)call;
        }
        for (var lane = Lane.People; lane <= Lane.Bulk; lane++) if ((call & Bit(lane)) != 0) Call(lane);
    }

    private void Call(Lane lane) => Task.Factory.StartNew(
        static of => { var (host, lane) = ((TenantHost, Lane))of!; host.Serve(lane); }, (this, lane),
        CancellationToken.None, TaskCreationOptions.DenyChildAttach, Workers.Shared[lane]);

    /// <summary>A slice for who waits in a lane, in order. If the turn is not free, who has it calls again.</summary>
    private void Serve(Lane lane)
    {
        var jobs = _waiting![(int)lane]!;
        lock (_state)
        {
            _called &= (byte)~Bit(lane);
            if (_busy || jobs.Count == 0) return;
            _busy = true;
        }
        var began = Stopwatch.GetTimestamp();
        do
        {
            Job? job;
            lock (_state) if (!jobs.TryDequeue(out job)) break;
            job.Run();
        }
        while (Stopwatch.GetElapsedTime(began) < Workers.Slice);
        End();
    }

    private static byte Bit(Lane lane) => (byte)(1 << (int)lane);

    /// <summary>What a turn took is handed over whole, or the host is never used again.</summary>
    private T Have<TArg, T>(TArg arg, Func<TenantHost, TArg, T> run)
    {
        try
        {
            var result = run(this, arg);
            if (!Taken.Own.IsEmpty) throw new InvalidOperationException("a turn ended that did not ask what it saw");
            return result;
        }
        catch (Exception fault) when (fault is StoreFailedException or ObjectDisposedException)
        {
            Retire();
            throw;
        }
        catch (Exception fault)
        {
            Retire();
            throw _engine.Faults.Add(Id, fault);
        }
        finally
        {
            Taken.Own.Clear();
        }
    }

    private abstract class Job
    {
        public abstract void Run();
    }

    private sealed class Job<TArg, T>(TenantHost host, TArg arg, Func<TenantHost, TArg, T> run,
        CancellationToken cancellation) : Job
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Done => _done.Task;

        public override void Run()
        {
            if (cancellation.IsCancellationRequested)
            {
                _done.SetCanceled(cancellation);
                return;
            }
            try
            {
                _done.SetResult(host.Have(arg, run));
            }
#pragma warning disable CA1031 // Whatever it was, it is told to who waits for it.
            catch (Exception fault)
#pragma warning restore CA1031
            {
                _done.SetException(fault);
            }
        }
    }
}
