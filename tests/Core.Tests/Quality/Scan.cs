namespace MeteringGateway.Core.Tests.Quality;

/// <summary>
/// The figures of quality as their definitions say, by looking through a list of everything that was ever journalled.
/// Slow, and kept apart from the product: of it is asked only what terms hold, and what is still in memory.
/// </summary>
internal sealed class Scan
{
    private readonly TenantState _fold = new();
    private readonly List<Row> _rows = [];
    private readonly List<Visit> _visits = [];
    private readonly Dictionary<string, Visit> _current = [];
    private readonly List<(string Outcome, Fact Fact, Instant Until)> _waiting = [];
    private readonly SortedDictionary<string, Int128> _sums = new(StringComparer.Ordinal);

    private sealed class Row
    {
        public required Entry.OutcomeReported Report { get; init; }
        public required OutcomeType Type { get; init; }
        public required int Day { get; init; }
        public required List<Fact> Facts { get; init; }
        public Visit? Visit { get; init; }
        public OutcomeStatus Status { get; set; }
        public Reason Reason { get; set; }
        public bool Admitted { get; set; }
        public Instant Opened { get; set; }
        public string? ContinuationOf { get; set; }
        public bool Disputed { get; set; }
        public bool CameAgain { get; set; }
        public byte? Points { get; set; }
        public bool Stands => ContinuationOf is null && !Report.Sandbox;
        public bool HandedOff => Report.HandedOff || Report.Result == Result.Escalated || Reason == Reason.Escalated
            || Facts.Exists(fact => fact.Kind == FactKind.Escalated);
        public Int128 Listed => (Int128)Pricing.OwnPrice(Type, Pricing.ClassOf(Type, Report.Dimensions.Workflow,
            Report.Verification?.Method), 0).Price.Micros * Report.Quantity;
    }

    /// <summary>A session, from its first event to when it was forgotten.</summary>
    private sealed class Visit
    {
        public Instant Last { get; set; } = Instant.MinValue;
        public List<Row> Rows { get; } = [];
        public List<(DateOnly Period, Instant Time)> Activities { get; } = [];
        public bool HandedOff { get; set; }
    }

    public Scan(IEnumerable<byte[]> journal)
    {
        foreach (var bytes in journal)
        {
            var entry = EntryCodec.Read(bytes);
            See(entry);
            _fold.Apply(entry);
        }
    }

    private void See(Entry entry)
    {
        switch (entry)
        {
            case Entry.OutcomeReported e: Reported(e); break;
            case Entry.ActivityReported e:
                Came(e.Customer, e.Session, e.Time);
                if (VisitOf(e.Session, e.Time) is not { } visit) break;
                visit.Activities.Add((e.Period, e.Time));
                visit.HandedOff |= e.HandedOff;
                break;
            case Entry.FactReported e: Said(e); break;
            case Entry.OutcomeChanged e: Changed(e); break;
            case Entry.DisputeOpened e:
                if (_fold.Find(e.OutcomeId) is not null) RowOf(e.OutcomeId).Disputed = true;
                break;
            case Entry.PeriodClosed e:
                foreach (var (name, session) in _current)
                    if (session.Last + TenantState.SessionsKept + _fold.TermsAt(e.At).MaxLateness < e.At)
                        _current.Remove(name);
                break;
        }
    }

    private Row RowOf(string id) => _rows.Last(row => row.Report.OutcomeId == id);

    private Visit? VisitOf(string? name, Instant time)
    {
        if (name is null) return null;
        if (!_current.TryGetValue(name, out var visit) || visit.Last + TenantState.SessionsKept < time)
            _visits.Add(_current[name] = visit = new Visit());
        visit.Last = Instant.Max(visit.Last, time);
        return visit;
    }

    private void Reported(Entry.OutcomeReported e)
    {
        if (!e.Sandbox) Came(e.Customer, e.Session, e.Time);
        var visit = VisitOf(e.Session, e.Time);
        var row = new Row
        {
            Report = e, Type = _fold.TermsAt(e.Time).Type(e.OutcomeType)!, Visit = visit, Status = e.Status,
            Reason = e.Reason, Admitted = e.Admitted, Opened = e.Time, ContinuationOf = e.ContinuationOf,
            Day = _fold.Book(e.Period)!.Period.Id.DayNumber + _fold.Book(e.Period)!.Period.DayOf(e.Time),
            Facts = [.. _waiting.Where(one => one.Outcome == e.OutcomeId && one.Until >= e.At)
                .Select(one => one.Fact)],
        };
        _waiting.RemoveAll(one => one.Outcome == e.OutcomeId);
        _rows.Add(row);
        if (visit is null) return;
        visit.Rows.Add(row);
        if (e.Sandbox) return;
        visit.HandedOff |= row.HandedOff;
        if (e.Result != Result.Success) return;
        var before = visit.Rows.Where(other => other != row && !other.Report.Sandbox).ToList();
        var first = visit.Activities.Select(one => one.Time)
            .Concat(before.Append(row).Select(other => other.Report.Time)).Min();
        var wait = (e.Time - first).Ticks / TimeSpan.TicksPerMillisecond;
        var successes = before.Where(other => other.Report.Result == Result.Success).ToList();
        if (successes.Count == 0) First("all", wait);
        if (successes.TrueForAll(other => other.Report.OutcomeType != e.OutcomeType)) First(e.OutcomeType, wait);

        void First(string what, long wait)
        {
            Sum($"{e.Period:O} {what} first", 1);
            Sum($"{e.Period:O} {what} wait", wait);
        }
    }

    // After which successes that were reported before did the end customer come again?
    private void Came(ulong customer, string? session, Instant time)
    {
        if (customer == 0) return;
        foreach (var row in _rows)
            if (row.Report.Customer == customer && row.Report.Result == Result.Success
                && row.Report.Time < time && time < row.Report.Time + row.Type.MeasurementWindow
                && (session is null || session != row.Report.Session) && _fold.Find(row.Report.OutcomeId) is not null)
                row.CameAgain = true;
    }

    private void Said(Entry.FactReported e)
    {
        var fact = new Fact(e.Id, e.Time, e.Kind, e.Verification);
        if (_fold.Find(e.OutcomeId) is { } outcome)
        {
            var row = RowOf(e.OutcomeId);
            if (!_fold.IsFinal(outcome)) row.Facts.Add(fact);
            if (!row.Report.Sandbox)
            {
                if (e.Kind == FactKind.Escalated && row.Visit is { } visit
                    && _current.GetValueOrDefault(row.Report.Session!) == visit) visit.HandedOff = true;
                if (e.Csat is { } points) Rated(RowOf(_fold.Root(outcome)!.Id), points);
            }
        }
        else if (e.Waits) _waiting.Add((e.OutcomeId, fact, e.At + _fold.TermsAt(e.At).MaxLateness));
        VisitOf(e.Session, e.Time);
    }

    // The buyer's last word on an outcome counts.
    private void Rated(Row row, byte points)
    {
        foreach (var what in (string[])["all", row.Report.OutcomeType])
        {
            Sum($"{row.Report.Period:O} {what} ratings", row.Points is null ? 1 : 0);
            Sum($"{row.Report.Period:O} {what} points", points - (row.Points ?? 0));
        }
        row.Points = points;
    }

    private void Changed(Entry.OutcomeChanged e)
    {
        if (_fold.Find(e.OutcomeId) is null)
        {
            if (e.Correction is { } correction)
                foreach (var what in (string[])["all", correction.OutcomeType])
                {
                    var where = $"{correction.Period:O} {what}";
                    Sum($"{where} settled", -1);
                    Sum($"{where} credited units", correction.Quantity);
                    Sum($"{where} credited listed", -correction.Amount.Micros);
                }
            return;
        }
        var row = RowOf(e.OutcomeId);
        (row.Status, row.Reason, row.Admitted, row.Opened, row.ContinuationOf) =
            (e.Status, e.Reason, e.Admitted, e.Opened, e.ContinuationOf);
    }

    private void Sum(string what, Int128 more) => _sums[what] = _sums.GetValueOrDefault(what) + more;

    /// <summary>Every figure that is not 0, a line each.</summary>
    public List<string> Lines()
    {
        foreach (var row in _rows.Where(row => row.Stands))
            foreach (var what in (string[])["all", row.Report.OutcomeType]) Add(row, $"{row.Report.Period:O} {what}");
        foreach (var visit in _visits)
        {
            var reports = visit.Rows.Where(row => !row.Report.Sandbox).ToList();
            var periods = reports.Select(row => row.Report.Period).Concat(visit.Activities.Select(one => one.Period));
            foreach (var where in periods.Distinct().Select(period => $"{period:O} all")
                .Concat(reports.Select(row => $"{row.Report.Period:O} {row.Report.OutcomeType}").Distinct()))
            {
                Sum($"{where} sessions", 1);
                if (visit.HandedOff) Sum($"{where} handed off", 1);
            }
        }
        return [.. _sums.Where(one => one.Value != 0).Select(one => $"{one.Key}={one.Value}")];
    }

    private void Add(Row row, string where)
    {
        var settled = row.Status == OutcomeStatus.Billable;
        var decided = settled || row.Status == OutcomeStatus.Credited;
        var known = row.Report.Customer != 0 && row.Report.Result == Result.Success;
        var late = decided ? row.Facts.Where(fact => fact.IsReversal && fact.Time >= row.Opened).ToList() : [];
        Note("reported", true);
        Note("pending", row.Status == OutcomeStatus.Pending);
        Note("settled", settled);
        Note("escalated", row.HandedOff);
        Note("reopened", row.Reason == Reason.Reopened || row.Facts.Exists(fact => fact.Kind == FactKind.Reopened));
        Note("disputed", row.Disputed);
        Note("contacts", settled && known);
        Note("first contacts", settled && known && !row.CameAgain);
        Note("no session", row.Report.Session is null && row.Type.OncePerSession);
        Note("sessions", row.Report.Session is null);
        Note("handed off", row.Report.Session is null && row.HandedOff);
        Note("decided", decided);
        Note("rejected", decided && (row.Disputed || late.Exists(fact => fact.IsVerdict)));
        Note("reversed", late.Exists(fact => !fact.IsVerdict));
        Note("contradicted", decided && (row.Disputed || late.Count > 0));
        if (row.Status == OutcomeStatus.Credited) Give("credited");
        else if (row is { Status: OutcomeStatus.NonBillable, Report.Result: Result.Success })
            Give(row.Reason.ToString());

        void Note(string what, bool holds)
        {
            if (holds) Sum($"{where} {what}", 1);
        }

        void Give(string why)
        {
            Sum($"{where} {why} units", row.Report.Quantity);
            Sum($"{where} {why} listed", row.Listed);
        }
    }

    /// <summary>Every point of a series, a line each; what is not kept any more is left out.</summary>
    public List<string> Points(bool byHour, SeriesGroup group)
    {
        var first = byHour ? Series.FirstHour(_fold.Open.Period) : Series.FirstDay(_fold.Open.Period);
        return [.. _rows.Where(row => row.Stands)
            .Select(row => (Row: row, At: byHour ? Series.HourOf(row.Report.Time) : row.Day))
            .Where(one => one.At >= first)
            .GroupBy(one => (one.At, Value: group switch
            {
                SeriesGroup.OutcomeType => one.Row.Report.OutcomeType,
                SeriesGroup.Agent => one.Row.Report.Dimensions.Agent,
                SeriesGroup.Channel => one.Row.Report.Dimensions.Channel,
                _ => one.Row.Report.Dimensions.Workflow,
            }))
            .Select(point =>
            {
                var settled = point.Where(one => one.Row.Status == OutcomeStatus.Billable).ToList();
                return $"{point.Key.At} {point.Key.Value} {point.Sum(one => one.Row.Report.Quantity)}"
                    + $" {settled.Sum(one => one.Row.Report.Quantity)}"
                    + $" {settled.Aggregate((Int128)0, (sum, one) => sum + one.Row.Listed)}";
            }).Order(StringComparer.Ordinal)];
    }
}
