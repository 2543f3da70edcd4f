using MeteringGateway.Api.Json;
using MeteringGateway.Api.Problems;

namespace MeteringGateway.Api.Statements;

/// <summary>
/// The outcomes behind a statement's lines (F10), page by page: first those of its period, by what each was charged;
/// then, correction by correction, those that it takes back. Read off what is stored of every outcome and its history,
/// so that nothing is kept for it, and never more than a page is in memory.
/// </summary>
internal sealed class BehindLines(ITenants tenants, string tenant, Statement statement, bool isLast)
{
    /// <summary>Outcomes that a page looks at, for each that it may list: most of a period may be free.</summary>
    private const int LooksAt = 10;

    /// <summary>Sections: the period itself, and each line that takes something back.</summary>
    private readonly int[] _corrections =
    [
        .. Enumerable.Range(0, statement.Lines.Length)
            .Where(i => statement.Lines[i].Line.Kind == LineKind.Correction),
    ];

    /// <summary>The next of them, each with the place of its line.</summary>
    /// <param name="after">Null, or <c>Next</c> of the page before.</param>
    /// <param name="limit">Outcomes that the page has at most; it may have fewer and not be the last.</param>
    public async Task<(IReadOnlyList<Behind> Rows, string? Next)> Page(
        string? after, int limit, CancellationToken cancellation)
    {
        var (section, cursor) = Place(after);
        var rows = new List<Behind>();
        var (listed, left) = (0, limit * LooksAt);
        for (; section <= _corrections.Length; section++, cursor = null)
        {
            do
            {
                if (left <= 0) return (rows, Write(section, cursor));
                // A history is read for each outcome of a correction, and costs as much as many others.
                var cost = section == 0 ? 1 : LooksAt;
                var filter = section == 0 ? new OutcomeFilter(statement.Period.Id) : Taken(section);
                var page = await tenants.Outcomes(tenant, filter, cursor, Math.Max(1, Math.Min(limit, left / cost)),
                    cancellation) ?? throw new ProblemException(Problem.UnknownTenant());
                left -= cost;
                foreach (var row in page.Items)
                {
                    if (listed == limit) return (rows, Write(section, cursor));
                    var before = rows.Count;
                    if (section == 0) AddCharges(rows, row.Outcome);
                    else await AddTaken(rows, _corrections[section - 1], row.Outcome, cancellation);
                    if (rows.Count > before) listed++;
                    left -= cost;
                    cursor = row.Outcome.FirstSequence;
                }
                cursor = page.Next;
            }
            while (cursor is not null);
        }
        return (rows, null);
    }

    private static string Write(int section, long? cursor) => Cursors.Write($"{section}:{cursor}");

    private OutcomeFilter Taken(int section)
    {
        var line = statement.Lines[_corrections[section - 1]].Line;
        return new OutcomeFilter(line.Of, OutcomeStatus.Credited, line.What);
    }

    /// <summary>Of two lines that differ in their kind alone, the first has what could be of either.</summary>
    private void AddCharges(List<Behind> rows, OutcomeFigure outcome)
    {
        foreach (var charge in outcome.Charges)
        {
            var line = 0;
            while (line < statement.Lines.Length && !Is(statement.Lines[line].Line, outcome, charge)) line++;
            if (line < statement.Lines.Length)
                rows.Add(new Behind(line, outcome.Id, outcome.Time, charge.Units, charge.UnitPrice, charge.Amount,
                    charge.Credits, ReasonOf(outcome)));
        }
    }

    private static string? ReasonOf(OutcomeFigure outcome) =>
        outcome.Reason == Reason.None ? null : Names<Reason>.Of(outcome.Reason);

    private static bool Is(Line line, OutcomeFigure outcome, Charge charge) =>
        line.Kind is LineKind.Outcomes or LineKind.Overage && line.What == outcome.OutcomeType
        && line.Source == charge.Source && line.UnitPrice == charge.UnitPrice
        && (Int128)line.Credits.Micros * charge.Units == (Int128)charge.Credits.Micros * line.Quantity;

    /// <summary>What closed periods give back falls into the one that is open then.</summary>
    private async Task AddTaken(List<Behind> rows, int line, OutcomeFigure outcome, CancellationToken cancellation)
    {
        var reason = ReasonOf(outcome);
        foreach (var entry in await tenants.History(tenant, outcome.Id, cancellation) ?? [])
        {
            if (entry.Entry is Entry.FactReported { Kind: not (FactKind.Confirmed or FactKind.VerdictAccepted) } fact)
                reason = fact.Kind == FactKind.VerdictRejected ? "rejected" : Names<FactKind>.Of(fact.Kind);
            if (entry.Entry is not Entry.OutcomeChanged { Correction: { } taken, At: var at } changed) continue;
            if (changed.Credit is { } credit) reason = Names<CreditReason>.Of(credit.Reason);
            if (at >= statement.Period.Start && (isLast || at < statement.Period.End))
                rows.Add(new Behind(line, outcome.Id, at, taken.Quantity, null, taken.Amount,
                    taken.Returned.Aggregate(Amount.Zero, (sum, draw) => sum + draw.Credits), reason));
        }
    }

    private (int Section, long? Cursor) Place(string? after)
    {
        if (after is null) return (0, null);
        var parts = after.Split(':');
        if (parts.Length == 2 && int.TryParse(parts[0], out var section) && section >= 0
            && section <= _corrections.Length)
        {
            if (parts[1].Length == 0) return (section, null);
            if (Query.TryWhole(parts[1], out var cursor)) return (section, cursor);
        }
        throw Query.Wrong("cursor", "is not one of ours");
    }
}

/// <summary>Part of an outcome, behind a line.</summary>
/// <param name="Line">Its place among the statement's lines, from 0.</param>
/// <param name="At">When it was achieved; of a correction, when it was taken back.</param>
/// <param name="Amount">Not rounded (N3).</param>
/// <param name="Reason">Why it is billable, null while that is open; of a correction, why it was taken back.</param>
internal sealed record Behind(int Line, string OutcomeId, Instant At, long Units, Amount? UnitPrice, Amount Amount,
    Amount Credits, string? Reason);
