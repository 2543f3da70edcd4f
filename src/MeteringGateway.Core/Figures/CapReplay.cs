using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>What periods came to, and what they would have come to under other caps (C1).</summary>
/// <param name="TooLong">There are more entries than are replayed; then there are no periods.</param>
/// <param name="Periods">The open one and up to three before it, newest first.</param>
public sealed record CapPreview(string Currency, long Sequence, bool TooLong, ImmutableArray<PreviewedPeriod> Periods)
{
    /// <summary>It took longer than it may, and was given up; then there are no periods.</summary>
    public bool GivenUp { get; init; }

    /// <summary>Another one of this tenant is under way, or too many wait; then there are no periods.</summary>
    public bool Busy { get; init; }
}

/// <param name="Preview">Under the other caps.</param>
public sealed record PreviewedPeriod(Period Period, PeriodStatus Status, CapResult Actual, CapResult Preview);

/// <param name="Admitted">Units that are pending or settled.</param>
/// <param name="Refused">Units that no cap had room for (C4).</param>
/// <param name="Spend">For outcomes and activities, unrounded.</param>
/// <param name="Total">Of the statement.</param>
public sealed record CapResult(long Admitted, long Refused, Amount Spend, Amount Total);

/// <summary>
/// A tenant's journal, lived through once more under caps that it never had: what was reported, said, reserved and
/// disputed comes again, in its order and at its time, to a state of its own. Settings that are not caps are taken as
/// they were set; changes of caps are passed over, and so are thresholds. Nothing of it is kept.
/// </summary>
/// <param name="beforeTurn">What it throws ends the replay, which is worth nothing then.</param>
public sealed class CapReplay(ImmutableArray<Cap> caps, Calendar calendar, TenantLimits? limits,
    Action? beforeTurn = null)
{
    /// <summary>Entries of a journal that are replayed at most: a state of its own is held while it lasts.</summary>
    public const int MostEntries = 200_000;

    private const int Periods = 4;

    private readonly TenantState _state = new();
    private readonly Dictionary<string, string> _reservations = [];
    private readonly Dictionary<string, byte[]> _archive = [];
    private readonly List<Entry> _taken = [];

    /// <summary>What stands by now, without other caps; for <see cref="Against"/>.</summary>
    public static CapPreview Standing(TenantState state) => new(state.Terms.Currency, state.Sequence,
        state.Sequence > MostEntries, [.. state.Books.TakeLast(Periods).Reverse().Select(book =>
            new PreviewedPeriod(book.Period, book.Status, ResultOf(state, book), ResultOf(state, book)))]);

    /// <summary>The same with what the replay came to.</summary>
    /// <param name="now">The tenant's time then: what is due by then is done.</param>
    public CapPreview Against(CapPreview standing, Instant now)
    {
        Run(new Command.Tick(), now);
        return standing with
        {
            Periods = [.. standing.Periods.Select(period => _state.Book(period.Period.Id) is not { } book ? period
                : period with { Preview = ResultOf(_state, book) })],
        };
    }

    /// <summary>The next entry of the journal.</summary>
    public void Take(Entry entry)
    {
        switch (entry)
        {
            case Entry.TenantCreated e:
                Run(new Command.Create(e.Name, e.Plan, Under(e.Terms), e.Zone, e.AnchorDay, TestClock: null), e.At);
                break;
            case Entry.OutcomeReported e: Run(CommandOf(e), e.At); break;
            case Entry.FactReported e:
                Run(new Command.ReportFact(e.Id, e.Time, e.OutcomeId, e.Kind)
                {
                    Verification = e.Verification, Csat = e.Csat, Session = e.Session, Dimensions = e.Dimensions,
                    Fingerprint = e.Fingerprint,
                }, e.At);
                break;
            case Entry.ActivityReported e:
                Run(new Command.ReportActivity(e.Id, e.Time, e.Activity)
                {
                    Quantity = e.Quantity, HandedOff = e.HandedOff, Session = e.Session, Dimensions = e.Dimensions,
                    Fingerprint = e.Fingerprint,
                }, e.At);
                break;
            case Entry.ReservationMade e:
                if (Run(new Command.Reserve(new Question(e.Subject, e.Quantity), e.ExpiresAt - e.At,
                    AllowPartial: true), e.At) is Answer.Reserved { Reservation: { } made })
                    _reservations[e.Reservation] = made.Id;
                break;
            case Entry.ReservationExtended e when _reservations.TryGetValue(e.Reservation, out var id):
                Run(new Command.ExtendReservation(id, e.ExpiresAt - e.At), e.At);
                break;
            case Entry.ReservationReleased e when _reservations.TryGetValue(e.Reservation, out var id):
                Run(new Command.ReleaseReservation(id), e.At);
                break;
            // One by the buyer's verdict opens with the verdict.
            case Entry.DisputeOpened { Via: not DisputeVia.Verdict } e:
                Run(new Command.OpenDispute(e.OutcomeId, e.Reason), e.At);
                break;
            case Entry.DisputeResolved e when _state.DisputeOf(e.Before.OutcomeId) is { } dispute:
                Run(new Command.ResolveDispute(dispute.Id, e.Status == DisputeStatus.Credited, e.Note), e.At);
                break;
            case Entry.TermsSet e: Set(e with { Terms = Under(e.Terms) }, e.At); break;
            // It is of the period that begins then: set before that does.
            case Entry.TenantChanged e: Set(e, e.At - TimeSpan.FromMilliseconds(1)); break;
            case Entry.GrantIssued { Kind: GrantKind.TopUp or GrantKind.Promotional } e:
                Set(e with { Grant = Given(e.Grant) }, e.At);
                break;
            case Entry.GrantEnded { Voided: true } e: Run(new Command.VoidGrant(Given(e.Grant)), e.At); break;
            case Entry.OverageAuthorized or Entry.AuthorizationWithdrawn: Set(entry, entry.At); break;
            case Entry.TenantClosed e: Run(new Command.Close(), e.At); break;
        }
    }

    private static string Given(string grant) => "given-" + grant; // its own name may be that of another one here

    private Terms Under(Terms terms) => terms with { Caps = caps, Thresholds = [] };

    private Command.ReportOutcome CommandOf(Entry.OutcomeReported e) =>
        new(e.Id, e.Time, e.OutcomeType, e.OutcomeId)
        {
            Quantity = e.Quantity, Result = e.Result, CriteriaMet = e.CriteriaMet, HandedOff = e.HandedOff,
            Sandbox = e.Sandbox, Verification = e.Verification, Session = e.Session, Dimensions = e.Dimensions,
            Fingerprint = e.Fingerprint,
            Reservation = e.Reservation is { } name ? _reservations.GetValueOrDefault(name, name) : null,
        };

    /// <summary>A setting is as it was set, once what is due by then is done.</summary>
    private void Set(Entry entry, Instant after)
    {
        Run(new Command.Tick(), after);
        _state.Apply(entry);
    }

    private Answer Run(Command command, Instant at)
    {
        var answer = Turns(command, at, null, recallDone: false);
        if (answer is not Answer.Needs needs) return answer;
        var recalled = Archived(needs.OutcomeId);
        while (recalled is { ContinuationOf: { } root }) recalled = Archived(root);
        return Turns(command, at, recalled, recallDone: true);
    }

    private Answer Turns(Command command, Instant at, Outcome? recalled, bool recallDone)
    {
        Answer answer;
        do
        {
            beforeTurn?.Invoke();
            _taken.Clear();
            answer = Turn.Run(_state, command, at, calendar, _taken, recalled, recallDone, limits);
            while (_state.IsLeaving) Turn.Run(_state, new Command.Archive(), at, calendar, _taken, limits: limits);
            foreach (var departed in _state.TakeDeparted())
                _archive[departed.Id] = EntryCodec.WriteOutcome(departed);
        }
        while (answer is Answer.Unfinished);
        return answer;
    }

    private Outcome? Archived(string id) =>
        _archive.TryGetValue(id, out var bytes) ? EntryCodec.ReadOutcome(bytes) : null;

    private static CapResult ResultOf(TenantState state, PeriodBook book) => new(
        book.Types.Sum(type => type.Pending + type.Settled),
        book.Types.Sum(type => type.NonBillable?.GetValueOrDefault(Reason.OverCap) ?? 0), state.SpendOf(book),
        StatementFigures.Of(state, book).Total);
}
