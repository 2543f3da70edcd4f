using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MeteringGateway.Sdk.Holding;

namespace MeteringGateway.Sdk;

/// <summary>
/// The allowance of one workflow, answered locally: units are held in slices ahead of need (A4), and a decision takes
/// one of a slice. As every unit is held before it is given away, the cap holds however many runtimes there are. A
/// signal that stops the question closes it at once, and gives back what is held. Used by any number of threads.
/// </summary>
public sealed partial class Allowance : IAsyncDisposable
{
    private readonly MeteringClient _client;
    private readonly Gate _gate;
    private readonly string _tenant;
    private readonly Question _question;
    private readonly AllowanceOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Func<MeteringEvent, Task> _report;
    private readonly Pace _pace;
    private readonly int _units;
    private readonly CancellationTokenSource _waiting = new(); // for permits that are out
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _timer;

    private readonly Lock _lock = new();
    private readonly HashSet<Slice> _held = [];
    private readonly HashSet<Task> _running = [];
    private Slice? _current;
    private Slice? _next;
    private Task? _refill;
    private Refusal? _refusal;
    private long? _remaining;
    private long _quietUntil = long.MinValue;

    // Something else than taking a unit: a stop, the gateway away, the end. Looked at by every decision.
    private volatile bool _isUnusual;
    private volatile Permit[]? _stop; // one, or null: nothing stops
    private bool _isAway;
    private bool _couldNotAsk;
    private bool _isEnded;
    private long _blind;

    /// <param name="client">To the gateway.</param>
    /// <param name="gate">That listens to the tenant's signals.</param>
    /// <param name="tenant">The account that pays.</param>
    /// <param name="question">What is decided: an outcome type, and the units of one decision.</param>
    /// <param name="options">How units are taken, and what happens while the gateway is away.</param>
    /// <param name="clock">Null: the system's.</param>
    /// <param name="log">Null: none.</param>
    /// <exception cref="ArgumentException">The question has no outcome type, or the options make no sense.</exception>
    public Allowance(MeteringClient client, Gate gate, string tenant, Question question, AllowanceOptions options,
        TimeProvider? clock = null, ILogger<Allowance>? log = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(tenant);
        options.Check();
        if (question.OutcomeType is null || question.Quantity is < 1 or > 100_000)
            throw new ArgumentException("Units are held for an outcome type, 1 to 100,000 for a decision.");
        (_client, _gate, _tenant, _question, _options) = (client, gate, tenant, question, options);
        (_clock, _log) = (clock ?? TimeProvider.System, (ILogger?)log ?? NullLogger.Instance);
        _units = question.Quantity;
        _report = e => _client.ReportAsync(e, _stopping.Token);
        _pace = new Pace(options, _units, _clock);
        _gate.Changed += Hear;
        Hear(null);
        var tick = TimeSpan.FromTicks(Math.Min((options.SliceTime / 4).Ticks, options.AskAgainAfter.Ticks));
        // What goes on behind decisions is of nobody's trace, whoever made this.
        using (ExecutionContext.SuppressFlow()) _timer = _clock.CreateTimer(_ => Tick(), null, tick, tick);
        Telemetry.Watch(this);
    }

    /// <summary>Units that are held and can be given away at once.</summary>
    public long Held
    {
        get { lock (_lock) return (_current?.Left ?? 0) + (_next?.Left ?? 0); }
    }

    internal Measurement<long> Measured =>
        new(Held, new("tenant", _tenant), new("outcome_type", _question.OutcomeType));

    /// <summary>Decisions to act that were taken while the gateway was away, and are not reported yet.</summary>
    public long BlindDecisions => Interlocked.Read(ref _blind);

    /// <summary>
    /// Decides at once, if that can be: nothing is allocated and nobody waited for as long as a slice has units.
    /// </summary>
    /// <param name="permit">What was decided.</param>
    /// <returns>False: the gateway must be asked, by <see cref="DecideAsync"/>.</returns>
    /// <exception cref="ObjectDisposedException">It has ended.</exception>
    public bool TryDecide(out Permit permit)
    {
        var slice = Volatile.Read(ref _current);
        if (slice is null || _isUnusual || _clock.GetTimestamp() >= slice.Until || !slice.TryTake(_units, out var left))
            return Otherwise(out permit);
        if (left < slice.Quantity / 2) NeedMore(slice);
        permit = new Permit(DecisionKind.Allow, "ok", slice);
        return true;
    }

    /// <summary>Decides, after asking the gateway where that is necessary.</summary>
    /// <exception cref="MeteringException">The question itself was refused: <c>unknown_tenant</c>, ...</exception>
    /// <exception cref="ObjectDisposedException">It has ended.</exception>
    public ValueTask<Permit> DecideAsync(CancellationToken cancellation = default) =>
        TryDecide(out var permit) ? new ValueTask<Permit>(permit) : Ask(cancellation);

    /// <summary>The units of this permit were not used: somebody else may have them.</summary>
    /// <exception cref="InvalidOperationException">What became of them was said before.</exception>
    public void Return(in Permit permit) => permit.Slice?.GiveBack(_units);

    /// <summary>
    /// Reports what became of a permit, and waits for the gateway. What the report leaves open is the question's; it
    /// names the permit's reservation, so that it settles it. A case that was reported before a crash, under the permit
    /// of then, is refused with <c>id_reused</c>; an <see cref="Outbox"/> remembers that.
    /// </summary>
    public async Task<EventResult> ReportAsync(Permit permit, OutcomeReport report,
        CancellationToken cancellation = default)
    {
        var result = await _client.ReportAsync(Complete(permit, report), cancellation);
        permit.Slice?.Settle(_units);
        return result;
    }

    /// <summary>Gives back what is held; waits for permits that are out, but no longer than it was told.</summary>
    public async ValueTask DisposeAsync()
    {
        Slice[] held;
        lock (_lock)
        {
            if (_isEnded) return;
            _isEnded = _isUnusual = true;
            held = [.. _held];
        }
        _gate.Changed -= Hear;
        Telemetry.Forget(this);
        GiveUpSlices();
        ReportBlind();
        try
        {
            await Task.WhenAll(held.Select(slice => slice.Ended)).WaitAsync(_options.StopTime, _clock);
        }
        catch (TimeoutException)
        {
            _log.LogWarning("{Tenant}: permits are out; what they hold goes back when it expires", _tenant);
        }
        await _timer.DisposeAsync();
        await _waiting.CancelAsync();
        try
        {
            await Quiet().WaitAsync(_options.StopTime, _clock);
        }
        catch (TimeoutException)
        {
            _log.LogWarning("{Tenant}: the gateway does not answer; what is held goes back when it expires", _tenant);
        }
        await _stopping.CancelAsync();
        await Quiet();
        _waiting.Dispose();
        _stopping.Dispose();
    }

    internal OutcomeReport Complete(in Permit permit, OutcomeReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report with
        {
            Quantity = _units,
            Reservation = permit.Reservation ?? report.Reservation,
            Agent = report.Agent ?? _question.Agent,
            Channel = report.Channel ?? _question.Channel,
            Workflow = report.Workflow ?? _question.Workflow,
            Session = report.Session ?? _question.Session,
        };
    }

    internal void Settle(in Permit permit) => permit.Slice?.Settle(_units);

    private bool Otherwise(out Permit permit)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isEnded, this);
            if (_stop is [var stop])
            {
                permit = stop;
                return Refused(permit);
            }
            var now = _clock.GetTimestamp();
            if (_isAway && _options.OnUnavailable is (OnUnavailable.Deny or OnUnavailable.HandOff))
            {
                permit = Away();
                return Refused(permit);
            }
            if (TakeHeld(now) is { } slice)
            {
                permit = new Permit(DecisionKind.Allow, "ok", slice, isBlind: _isAway);
                if (_isAway) CountBlind();
                return true;
            }
            if (_isAway)
            {
                permit = Away();
                if (!permit.MayAct) return Refused(permit);
                CountBlind();
                return true;
            }
            if (_refusal is { } refusal && now < refusal.Until)
            {
                permit = refusal.Permit;
                return Refused(permit);
            }
            permit = default;
            return false;
        }
    }

    // In the lock: of the slice at hand, or the one that was got ready for when it is used up.
    private Slice? TakeHeld(long now)
    {
        while (_current is { } slice)
        {
            if (now < slice.Until && slice.TryTake(_units, out var left))
            {
                if (left < slice.Quantity / 2) NeedMore(slice);
                return slice;
            }
            slice.Close();
            Volatile.Write(ref _current, _next);
            _next = null;
        }
        return null;
    }

    private Permit Away() => _options.OnUnavailable switch
    {
        OnUnavailable.Allow => new Permit(DecisionKind.Allow, "unavailable", isBlind: true),
        OnUnavailable.HandOff => new Permit(DecisionKind.Handoff, "unavailable", handoff: _options.UnavailableHandoff),
        _ => new Permit(DecisionKind.Pause, "unavailable"),
    };

    private bool Refused(in Permit permit)
    {
        Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("reason", permit.Reason));
        return true;
    }

    private void CountBlind()
    {
        Interlocked.Increment(ref _blind);
        Telemetry.Blind.Add(1);
    }

    private sealed record Refusal(Permit Permit, long Until);
}
