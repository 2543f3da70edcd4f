using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>A reported outcome in the state. Immutable: an entry replaces it.</summary>
/// <remarks>With <see cref="ContinuationOf"/> it is only an alias of another outcome, kept because a late fact may part
/// them again (O3, O6).</remarks>
public sealed record Outcome
{
    public required EventId Event { get; init; }
    public required string Id { get; init; }
    public required Instant Time { get; init; }
    public required string Type { get; init; }
    public required int Quantity { get; init; }
    public required Result Result { get; init; }
    public required DateOnly Period { get; init; }
    /// <summary>Local day in the period, 0-based.</summary>
    public required int Day { get; init; }
    public string? Session { get; init; }
    public Dimensions Dimensions { get; init; } = Dimensions.None;
    public ImmutableArray<string> CriteriaMet { get; init; } = [];
    public bool HandedOff { get; init; }
    public bool Sandbox { get; init; }
    /// <summary>As reported; a confirmation may bring a newer one (O4).</summary>
    public Verification? Verification { get; init; }
    /// <summary>Units taken out of a reservation; if any, it weighs full while pending (C3).</summary>
    public int Drawn { get; init; }
    /// <summary>The period in which that reservation holds, where it is not the report's own: it was drawn for an
    /// outcome of an earlier one, which the report continued (0001, 25).</summary>
    public DateOnly? DrawnIn { get; init; }
    public bool HasDetail { get; init; }
    /// <summary>Whether its end customer is known, and came again (Q1). Of an archived one it is not kept.</summary>
    public Contact Contact { get; init; }
    /// <summary>Which of the tenant's terms it was taken under, and stays under (F7).</summary>
    public int Terms { get; init; }

    public OutcomeStatus Status { get; init; }
    public Reason Reason { get; init; }
    /// <summary>It counts toward caps, and may be charged.</summary>
    public bool Admitted { get; init; }
    /// <summary>Start of the window now running or last run.</summary>
    public Instant Opened { get; init; }
    public Instant? ClosesAt { get; init; }
    public WindowEnd End { get; init; }
    public string? ContinuationOf { get; init; }
    public ImmutableArray<Fact> Facts { get; init; } = [];
    public Dispute? Dispute { get; init; }
    /// <summary>What was taken back of it (O5, D3).</summary>
    public Credit? Credit { get; init; }
    /// <summary>Fixed when its period closes (F4); until then null, and worked out when asked.</summary>
    public ImmutableArray<Charge>? Charges { get; init; }
    /// <summary>Units rated before it in its period, fixed with <see cref="Charges"/>.</summary>
    public long Place { get; init; }
    /// <summary>Sequence of the entry that reported it; 0 as long as none has.</summary>
    public long ReportedBy { get; init; }
    /// <summary>Sequences of the entries that changed it, in order.</summary>
    public Sequences ChangedBy { get; init; }

    /// <summary>
    /// Sequence of the entry by which it settled, holding its session; 0 while it has not, or was reversed before (I4).
    /// </summary>
    public long SettledBy { get; init; }

    public bool IsNew => ReportedBy == 0;
    public long LastSequence => ChangedBy.Count == 0 ? ReportedBy : ChangedBy[^1];

    /// <summary>Sequences of the entries that made or changed it, in order.</summary>
    public IEnumerable<long> Sequences => ChangedBy.Prepend(ReportedBy);

    public Subject Subject => new(Type, IsActivity: false, Dimensions);
    public bool IsAlias => ContinuationOf is not null;

    /// <summary>
    /// It is rated: what stands to be charged (F4). A pending outcome of a type with weight <c>none</c> is not admitted
    /// until it settles (C3).
    /// </summary>
    public bool IsRated => Admitted && !IsAlias && (Status is OutcomeStatus.Pending or OutcomeStatus.Billable);

    /// <summary>
    /// Whether it takes part in its session's evaluation: nothing that its own report ruled out, and nothing refused by
    /// a cap.
    /// </summary>
    public bool MayHold =>
        Result == Result.Success && !Sandbox && Reason is < Reason.OverCap and not Reason.CriteriaNotMet
        // An alias has the reason of what it stands for, not one of its own.
        && !(HandedOff && Reason == Reason.Escalated && End == WindowEnd.None && !IsAlias);

    /// <summary>It is charged, or may come to be: it counts in what its period may come to at most (N1).</summary>
    public bool MayBeCharged => MayHold && Reason != Reason.Training;

    /// <summary>Units of exposure (C2).</summary>
    public int Exposure => IsRated ? Quantity : 0;

    /// <summary>It settled while it held its session, and so keeps its place in it.</summary>
    public static bool HasSettled(Reason reason, WindowEnd end) => reason < Reason.OverCap
        && (end is WindowEnd.Lapsed or WindowEnd.Confirmed or WindowEnd.ReversedLate
            || (end == WindowEnd.None
            && reason is (Reason.Immediate or Reason.Unverified or Reason.Unconfirmed or Reason.Training)));

    /// <summary>As it stands, but credited (O5).</summary>
    public Verdict Credited() => new(OutcomeStatus.Credited, Reason, Opened, ClosesAt, End, ContinuationOf);

    /// <summary>The order in which facts and reports apply, and in which outcomes are rated (O6, F4).</summary>
    public static int Order(Instant time, EventId id, Instant otherTime, EventId other)
    {
        var order = time.CompareTo(otherTime);
        if (order == 0) order = string.CompareOrdinal(id.Source, other.Source);
        return order != 0 ? order : string.CompareOrdinal(id.Id, other.Id);
    }

    public static int Order(Outcome a, Outcome b) => Order(a.Time, a.Event, b.Time, b.Event);

    /// <param name="type">As agreed when it was achieved (F7).</param>
    internal OutcomeFigure Figure(ImmutableArray<Charge> charges, OutcomeType type) => new(
        Id, Time, Period, Type, Dimensions, Session, Quantity, Result, CriteriaMet, WasHandedOff, LatestVerification(),
        StatusOf(End), ClosesAt, Status, Reason, charges,
        charges.Aggregate(Amount.Zero, (sum, charge) => sum + charge.Amount),
        charges.Aggregate(Amount.Zero, (sum, charge) => sum + charge.Credits), Dispute,
        ReportedBy, LastSequence, HasDetail)
    {
        EndedAt = EndedAt,
        Credit = Credit,
        EventSource = Event.Source,
        NoSession = LacksSession(type),
    };

    public static WindowStatus StatusOf(WindowEnd end) => end switch
    {
        WindowEnd.None => WindowStatus.None,
        WindowEnd.Open => WindowStatus.Open,
        _ => WindowStatus.Closed,
    };

    internal bool LacksSession(OutcomeType type) => Session is null && type.OncePerSession;

    private bool WasHandedOff =>
        HandedOff || Reason == Reason.Escalated || Facts.Any(fact => fact.Kind == FactKind.Escalated);

    /// <summary>When the window ended before its time: a confirmation closes it there and then (O4), a reversal leaves
    /// when it would have closed.</summary>
    private Instant? EndedAt => End switch
    {
        WindowEnd.Confirmed => ClosesAt,
        WindowEnd.Reversed or WindowEnd.ReversedLate => Facts
            .Where(fact => fact.IsReversal && fact.Time >= Opened && (ClosesAt is not { } closes || fact.Time < closes))
            .Select(fact => (Instant?)fact.Time).Min(),
        _ => null,
    };

    private Verification? LatestVerification()
    {
        var latest = Verification;
        foreach (var fact in Facts)
            if (fact.Kind == FactKind.Confirmed && fact.Verification is { } newer) latest = newer;
        return latest;
    }
}

/// <summary>What was said of an outcome after its report.</summary>
public sealed record Fact(EventId Event, Instant Time, FactKind Kind, Verification? Verification)
{
    /// <summary>The buyer said it (O8); everything else the vendor says.</summary>
    public bool IsVerdict => Kind is FactKind.VerdictAccepted or FactKind.VerdictRejected;

    public bool IsReversal => Kind is not (FactKind.Confirmed or FactKind.VerdictAccepted);

    /// <summary>The reason that a reversal leaves behind (O3, O8).</summary>
    public Reason Reason => Kind switch
    {
        FactKind.Reopened => Reason.Reopened,
        FactKind.Escalated => Reason.Escalated,
        FactKind.Abandoned => Reason.Abandoned,
        FactKind.Failed => Reason.Failed,
        _ => Reason.Rejected,
    };
}
