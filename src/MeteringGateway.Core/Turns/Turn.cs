namespace MeteringGateway.Core;

/// <summary>
/// One command's turn: what is due first (T1), then the command, then the states that changed (S1). On its caller's
/// stack, as nothing outlives it.
/// </summary>
public ref partial struct Turn
{
    private readonly TenantState _state;
    private readonly Calendar _calendar;
    private readonly List<Entry> _taken;
    private readonly Actor? _actor;
    private readonly TenantLimits _limits;
    private Instant _now;
    private int _looks = MostLooks;

    /// <summary>The verdict that this turn took, for the alert at its end.</summary>
    private VerdictCount? _verdict = null;

    private Turn(TenantState state, Calendar calendar, List<Entry> taken, TenantLimits? limits, Actor? actor,
        Instant now)
    {
        _limits = limits ?? UsualLimits;
        _state = state;
        _calendar = calendar;
        _taken = taken;
        _actor = actor;
        _now = now;
    }

    /// <summary>
    /// Decides, and applies to <paramref name="state"/> each entry that it takes, adding it to
    /// <paramref name="taken"/>. The caller makes these durable before the answer leaves. A refused command takes no
    /// entry but what was due.
    /// </summary>
    /// <exception cref="Exception">
    /// A fault of ours: nothing that was taken may be kept, and the state is to be folded anew.
    /// </exception>
    /// <param name="realTime">Now; a tenant on a test clock lives by its own (T5).</param>
    /// <param name="recalled">An archived outcome that an earlier answer asked for (<see cref="Answer.Needs"/>); null:
    /// there is none.</param>
    /// <param name="recallDone">The store has been asked.</param>
    /// <param name="limits">Null: the usual ones (N4).</param>
    public static Answer Run(
        TenantState state, Command command, Instant realTime, Calendar calendar, List<Entry> taken,
        Outcome? recalled = null, bool recallDone = false, TenantLimits? limits = null)
    {
        if (command is Command.Create create)
        {
            if (state.Exists)
                return Refuse(Refusal.TenantExists, "the tenant exists") with { Sequence = state.Sequence };
            return new Turn(state, calendar, taken, limits, create.Actor, create.TestClock?.Start ?? realTime)
                .Create(create) with { Sequence = state.Sequence };
        }
        if (!state.Exists) return Refuse(Refusal.UnknownTenant, "there is no such tenant");
        var turn = new Turn(state, calendar, taken, limits, command.Actor,
            state.TestClock is null ? Instant.Max(realTime, state.Now) : state.Now);
        var answer = command switch
        {
            Command.Event e => turn.Take(e, recalled, recallDone),
            Command.OpenDispute or Command.ResolveDispute => turn.TakeOfDispute(command, recalled, recallDone),
            _ => turn.Take(command),
        };
        if (answer is not Answer.Unfinished) turn.Settle();
        answer.Sequence = state.Sequence;
        return answer;
    }

    private Answer Take(Command command)
    {
        if (!FireDue()) return new Answer.Unfinished();
        if (command is Command.AdvanceClock advance) return Advance(advance.To);
        if (BoughtBefore(command) is { } before) return before; // also when the tenant has been closed since
        if (_state.ClosedAt is not null && !IsForClosed(command))
            return Refuse(Refusal.TenantClosed, "the tenant is closed");
        return command switch
        {
            Command.Tick => new Answer.Done(),
            Command.Archive => Archive(),
            Command.Reserve c => Reserve(c),
            Command.ExtendReservation c => Extend(c),
            Command.ReleaseReservation c => Release(c),
            Command.RecordCheck c => Record(c),
            Command.SetCap c => SetCap(c),
            Command.RemoveCap c => RemoveCap(c),
            Command.Pause c => Pause(c),
            Command.Resume => Resume(),
            Command.Change c => Change(c),
            Command.SetTerms c => SetTerms(c),
            Command.Withdraw c => Withdraw(c),
            Command.Close => _state.ClosedAt is not null ? new Answer.Done()
                : Add(new Entry.TenantClosed { At = _now, Actor = _actor }),
            Command.Acknowledge c => Acknowledge(c),
            Command.SetThreshold c => SetThreshold(c),
            Command.RemoveThreshold c => RemoveThreshold(c),
            Command.IssueGrant c => IssueGrant(c),
            Command.BuyPack c => BuyPack(c),
            Command.VoidGrant c => VoidGrant(c),
            Command.AuthorizeOverage c => Authorize(c),
            Command.WithdrawAuthorization => WithdrawAuthorization(),
            Command.NoteErasure c => Add(new Entry.DetailErased(c.Events) { At = _now, Actor = _actor }),
            _ => throw new ArgumentException($"unknown command {command.GetType().Name}", nameof(command)),
        };
    }

    /// <summary>What still has an answer: whoever asks whether it may act is told, as agents are.</summary>
    private static bool IsForClosed(Command command) => command is Command.Tick or Command.Archive
        or Command.Acknowledge or Command.Close or Command.NoteErasure or Command.Reserve or Command.RecordCheck;

    private Answer.Done Add(Entry entry)
    {
        Keep(entry);
        return new Answer.Done();
    }

    /// <summary>The entry is true from here on: the state has it, and the caller makes it durable.</summary>
    private void Keep(Entry entry)
    {
        _taken.Add(entry); // first: if it cannot be applied, it shows that the state was touched
        var before = _state.UnitsCountedWith(entry);
        _state.Apply(entry);
        if (before is { } units) SetCounted(entry, new Counted(units, _state.UnitsCountedWith(entry) ?? units));
    }

    private static void SetCounted(Entry entry, Counted counted)
    {
        if (entry is Entry.OutcomeReported reported) reported.Counted = counted;
        else if (entry is Entry.OutcomeChanged changed) changed.Counted = counted;
    }

    private static Answer.Refused Refuse(Refusal code, string detail) => new(code, detail);

    private Answer Create(Command.Create c)
    {
        if (Overflow(c.Terms) is { } tooMuch) return tooMuch;
        if (c.Terms.Caps.Length > MostCaps) return TooManyCaps();
        if (c.Terms.Thresholds.Length > MostThresholds) return TooManyThresholds();
        var period = _calendar(c.Zone, c.AnchorDay, _now, null);
        Add(new Entry.TenantCreated(c.Name, c.Zone, c.AnchorDay, c.TestClock, c.Plan, c.Terms, period) { At = _now,
            Actor = _actor });
        GrantForPeriod();
        Settle();
        return new Answer.Done();
    }
}
