using Microsoft.Extensions.Logging;
using MeteringGateway.Sdk.Holding;

namespace MeteringGateway.Sdk;

// What goes on behind the decisions: slices are got, held for longer, and given back; the gateway is found away, and
// back.
public sealed partial class Allowance
{
    /// <summary>Reported for decisions that were taken blind, as an activity; its quantity is their number.</summary>
    public const string BlindActivity = "metering.decided_blind";

    private const int MostUnitsOfAnEvent = 1_000_000;

    private async ValueTask<Permit> Ask(CancellationToken cancellation)
    {
        for (; ; )
        {
            await Refill().WaitAsync(cancellation);
            if (TryDecide(out var permit)) return permit;
        }
    }

    private void NeedMore(Slice slice)
    {
        // Looked at again in the lock; here so that few come so far.
        if (Volatile.Read(ref _next) is not null || _refill is { IsCompleted: false }) return;
        lock (_lock)
        {
            if (_next is not null || _current != slice || _isUnusual) return;
            if (_clock.GetTimestamp() < _quietUntil) return;
            _ = Refill();
        }
    }

    /// <summary>One at a time, for all who wait.</summary>
    private Task Refill()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isEnded, this);
            if (_refill is { IsCompleted: false }) return _refill;
            return _refill = Run(GetSlice);
        }
    }

    private async Task GetSlice()
    {
        int quantity;
        lock (_lock) quantity = _pace.Next(_current, _remaining);
        var began = _clock.GetTimestamp();
        var asked = _question with { Quantity = quantity };
        try
        {
            var decision = await _client.ReserveAsync(_tenant, asked, _options.SliceTime, allowPartial: true,
                cancellation: _stopping.Token);
            if (decision.Reservation is not { } held) Refuse(decision);
            else if (held.Quantity >= _units) Take(decision, held, began);
            else
            {
                // Too little for one decision: why, says a check for one.
                await _client.ReleaseAsync(_tenant, held.Id, _stopping.Token);
                Refuse(await _client.CheckAsync(_tenant, _question, cancellation: _stopping.Token));
            }
            CouldAsk(true);
        }
        catch (MeteringUnavailableException e)
        {
            _log.LogWarning("{Tenant}: no units could be held: {Code}", _tenant, e.Code);
            CouldAsk(false);
        }
        catch (MeteringException)
        {
            lock (_lock) KeepQuiet();
            throw;
        }
    }

    // What was refused is not asked again with every decision that a slice still has units for.
    private long KeepQuiet() => _quietUntil = After(_clock.GetTimestamp(), _options.AskAgainAfter);

    private void Refuse(Decision decision)
    {
        lock (_lock)
        {
            _remaining = decision.Remaining;
            // Allowed by now: it is asked again at once.
            if (decision.MayAct) return;
            _refusal = new Refusal(
                new Permit(decision.Kind, decision.Reason, null, decision.Handoff, decision.RetryAt), KeepQuiet());
        }
    }

    private void Take(Decision decision, Reservation held, long began)
    {
        Telemetry.UnitsTaken.Add(held.Quantity);
        var until = After(began, _options.SliceTime / 2);
        // What is held counts in its own period and day (A5).
        if (decision.Limit?.ResetsAt - _clock.GetUtcNow() is { } rest && rest < _options.SliceTime / 2)
            until = Math.Min(until, After(_clock.GetTimestamp(), rest));
        var slice = new Slice(held.Id, held.Quantity, until, began)
        {
            RenewAt = After(began, _options.SliceTime / 2), ForgetAt = After(began, _options.PermitTime),
        };
        lock (_lock)
        {
            (_remaining, _refusal) = (decision.Remaining, null);
            _held.Add(slice);
            if (_isEnded || _stop is not null || _current is not null && _next is not null) slice.Close();
            else if (_current is null) Volatile.Write(ref _current, slice);
            else Volatile.Write(ref _next, slice);
        }
        _ = Run(() => GiveBackAtItsEnd(slice));
    }

    private async Task GiveBackAtItsEnd(Slice slice)
    {
        using var forgotten = new CancellationTokenSource(_options.PermitTime + _options.SliceTime, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(forgotten.Token, _waiting.Token);
        try
        {
            await slice.Ended.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // With permits out, what they hold is left to them until it expires.
            if (!slice.Ended.IsCompleted) return;
            await _client.ReleaseAsync(_tenant, slice.Id, _stopping.Token);
            Telemetry.UnitsReleased.Add(slice.Unused);
        }
        catch (Exception e) when (e is MeteringException or OperationCanceledException)
        {
            // It goes back by itself when it expires.
            _log.LogInformation("{Tenant}: {Reservation} was not given back: {Reason}", _tenant, slice.Id, e.Message);
        }
        finally
        {
            lock (_lock) _held.Remove(slice);
        }
    }

    private void Tick()
    {
        var now = _clock.GetTimestamp();
        Slice[] renew;
        bool ask;
        lock (_lock)
        {
            if (_isEnded) return;
            if (_next is { } next && now >= next.Until) Drop(ref _next);
            if (_current is { } current && now >= current.Until)
            {
                Drop(ref _current);
                (_current, _next) = (_next, null);
            }
            renew = [.. _held.Where(slice => now >= slice.RenewAt && now < slice.ForgetAt && slice.Outstanding > 0)];
            foreach (var slice in renew) slice.RenewAt = After(now, _options.SliceTime / 2);
            ask = _couldNotAsk;
        }
        Look();
        foreach (var slice in renew) _ = Run(() => Renew(slice));
        if (ask) _ = Refill();
    }

    private static void Drop(ref Slice? slice)
    {
        slice?.Close();
        slice = null;
    }

    private async Task Renew(Slice slice)
    {
        try
        {
            await _client.ExtendAsync(_tenant, slice.Id, _options.SliceTime, _stopping.Token);
        }
        catch (Exception e) when (e is MeteringException or OperationCanceledException)
        {
            _log.LogWarning("{Tenant}: {Reservation} is not held for longer: {Reason}", _tenant, slice.Id, e.Message);
        }
    }

    // On the listener's thread: by its return, no decision is taken that the signal stops.
    private void Hear(SignalEvent? heard)
    {
        if (heard is { Tenant: { } tenant } && tenant != _tenant) return;
        var answer = _gate.Ask(_tenant, _question);
        lock (_lock)
        {
            _stop = answer.State switch
            {
                GateState.Paused => [new Permit(DecisionKind.Pause, answer.Signal!.Reason, null, null,
                    answer.Signal.ResetsAt)],
                GateState.HandedOff => [new Permit(DecisionKind.Handoff, answer.Signal!.Reason, null,
                    answer.Signal.Handoff, answer.Signal.ResetsAt)],
                _ => null,
            };
            // What was refused may be let now.
            (_refusal, _quietUntil) = (null, long.MinValue);
        }
        Look();
        if (answer.State is GateState.Paused or GateState.HandedOff) GiveUpSlices();
    }

    private void GiveUpSlices()
    {
        lock (_lock)
        {
            Drop(ref _next);
            Drop(ref _current);
        }
    }

    private void CouldAsk(bool could)
    {
        lock (_lock) _couldNotAsk = !could;
        Look();
    }

    /// <summary>Is the gateway away, or back?</summary>
    private void Look()
    {
        bool isBack;
        lock (_lock)
        {
            var isAway = _couldNotAsk || _gate.DeafFor > _options.DeafAfter;
            isBack = _isAway && !isAway;
            if (isAway && !_isAway)
                _log.LogWarning("{Tenant}: the gateway is away; {Choice}", _tenant, _options.OnUnavailable);
            _isAway = isAway;
            _isUnusual = _isEnded || _isAway || _stop is not null;
        }
        if (isBack) ReportBlind();
    }

    private void ReportBlind()
    {
        if (Interlocked.Read(ref _blind) == 0 || _isAway) return;
        _ = Run(async () =>
        {
            var count = Interlocked.Exchange(ref _blind, 0);
            if (count == 0) return;
            _log.LogWarning("{Tenant}: {Count} decisions were taken while the gateway was away", _tenant, count);
            var rest = count;
            try
            {
                for (; rest > 0; rest -= MostUnitsOfAnEvent)
                    await _report(new ActivityReport(_tenant, BlindActivity)
                    {
                        Quantity = (int)Math.Min(rest, MostUnitsOfAnEvent), Agent = _question.Agent,
                        Channel = _question.Channel, Workflow = _question.Workflow, Time = _clock.GetUtcNow(),
                    });
            }
            catch (Exception e) when (e is MeteringUnavailableException or not MeteringException)
            {
                Interlocked.Add(ref _blind, rest);
                if (e is not MeteringUnavailableException) throw;
            }
        });
    }

    private Task Run(Func<Task> work)
    {
        var task = Guarded(work);
        lock (_lock) _running.Add(task);
        _ = task.ContinueWith(done =>
        {
            lock (_lock) _running.Remove(done);
            // Whoever waits for it is told; where nobody does, it was logged.
            _ = done.Exception;
        }, TaskScheduler.Default);
        return task;
    }

    private async Task Guarded(Func<Task> work)
    {
        await Task.Yield(); // never under the caller's lock
        try
        {
            await work();
        }
        catch (MeteringException e)
        {
            _log.LogError("{Tenant}: {Reason}", _tenant, e.Message);
            throw;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _log.LogError(e, "{Tenant}: what the allowance does beside decisions failed", _tenant);
            throw;
        }
    }

    /// <summary>Nothing goes on any more.</summary>
    private async Task Quiet()
    {
        for (; ; )
        {
            Task[] running;
            lock (_lock) running = [.. _running];
            if (running.Length == 0) return;
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Yield();
        }
    }

    private long After(long timestamp, TimeSpan span) =>
        timestamp + (long)(span.TotalSeconds * _clock.TimestampFrequency);
}
