using MeteringGateway.Core.Tests.Oracles;

namespace MeteringGateway.Core.Tests.Histories;

/// <summary>What a command did to credits, alerts and statements, entry by entry (F5, F6, F8, S4).</summary>
internal sealed partial class Duel
{
    /// <summary>How much of what the oracle tells was there before the command.</summary>
    private sealed record Seen(int Signals, int Alerts, int Lots, int Takings, int Corrections, int Closures)
    {
        public static Seen Of(Oracle oracle) => new(oracle.Signals.Count, oracle.Alerts.Count, oracle.Lots.Count,
            oracle.Takings.Count, oracle.Corrections.Count, oracle.Closures.Count);
    }

    // Which id belongs to which grant is learned here, so it comes first.
    private string? Issued(Seen before)
    {
        var entries = _real.Taken.OfType<Entry.GrantIssued>().ToList();
        foreach (var lot in _oracle.Lots.Skip(before.Lots))
        {
            var entry = entries.FirstOrDefault(entry => entry.Kind == lot.Kind && entry.Amount == lot.Amount
                && entry.Priority == lot.Priority && entry.EffectiveAt == lot.EffectiveAt
                && entry.ExpiresAt == lot.ExpiresAt);
            if (entry is null) return $"grants {lot.Kind}: expected {Text(lot)}, was [{string.Join("; ", entries)}]";
            if (entry.From != lot.From?.Id) return $"grant's origin: expected {lot.From?.Id}, was {entry}";
            lot.Id = entry.Grant;
            entries.Remove(entry);
        }
        return entries.Count == 0 ? null : $"grants {entries[0].Kind}: expected no {entries[0]}";
    }

    private static string Text(Lot lot) =>
        $"{lot.Id} {lot.Kind} {lot.Amount} priority {lot.Priority} from {lot.EffectiveAt} to {lot.ExpiresAt}, left {lot.Left}";

    private string? Compare(Lot lot, GrantFigure was) =>
        Compare(lot, was, lot.Ended ? Amount.Zero : _oracle.LeftOf(lot), lot.VoidedAt);

    private static string? Compare(Lot lot, GrantFigure was, Amount left, Instant? voided)
    {
        return lot.Kind == was.Kind && lot.Amount == was.Amount && left == was.Remaining && lot.Priority == was.Priority
            && lot.EffectiveAt == was.EffectiveAt && lot.ExpiresAt == was.ExpiresAt && voided == was.VoidedAt
            ? null : $"grant: expected {Text(lot)}, remaining {left}, was {was}";
    }

    private string? Credits(Seen before) => Same("taken from grants",
        _oracle.Takings.Skip(before.Takings).Select(taking => $"{taking.Lot.Id} {taking.Taken} {taking.Voided}"),
        _real.Taken.OfType<Entry.GrantEnded>().Where(ended => ended.Taken > Amount.Zero)
            .Select(ended => $"{ended.Grant} {ended.Taken} {ended.Voided}"));

    private string? Alerts(Seen before) => Same("alerts",
        _oracle.Alerts.Skip(before.Alerts).Select(alert => alert switch
        {
            ExpectedAlert.Crossed one => $"{one.Threshold} crossed at {one.Level} of {one.InForce} in {one.Period:O}",
            ExpectedAlert.Rearmed one => $"{one.Threshold} rearmed {one.RoomCameBack}",
            ExpectedAlert.CreditsExhausted one => $"exhausted in {one.Period:O}",
            ExpectedAlert.OverageStarted one => $"overage:{one.OutcomeType} in {one.Period:O}",
            ExpectedAlert.GrantExpiring one => $"{one.Lot.Id} expires at {one.Lot.ExpiresAt} with {one.Left}",
            _ => "",
        }),
        _real.Taken.Select(entry => entry switch
        {
            Entry.ThresholdCrossed one =>
                $"{one.Threshold.Id} crossed at {one.Level.Value} of {one.InForce?.Value} in {one.Period:O}",
            Entry.ThresholdRearmed one => $"{one.Threshold} rearmed {one.RoomCameBack}",
            Entry.CreditsExhausted one => $"exhausted in {one.Period:O}",
            Entry.OverageStarted one => $"overage:{one.OutcomeType} in {one.Period:O}",
            Entry.GrantExpiring one => $"{one.Grant} expires at {one.ExpiresAt} with {one.Left}",
            _ => "",
        }).Where(text => text.Length > 0));

    // F4, F8: what a period's closing fixes, and what is credited of it later (0004, 27 and 28).
    private string? Closings(Seen before)
    {
        var closed = _real.Taken.OfType<Entry.PeriodClosed>().ToList();
        if (closed.Count != _oracle.Closures.Count - before.Closures)
            return $"closings: expected {_oracle.Closures.Count - before.Closures}, was {closed.Count}";
        foreach (var entry in closed)
        {
            var should = _oracle.Closures[entry.Period];
            if (Same("closed", should.Lines, entry.Lines) is { } lines) return $"{lines} in {entry.Period:O}";
            var draws = should.Walk.Units.SelectMany(unit => unit.Draws).GroupBy(draw => draw.Lot.Id)
                .Select(draw => $"{draw.Key} {draw.Aggregate(Amount.Zero, (sum, one) => sum + one.Credits)}");
            if (Same("draws", draws,
                entry.Draws.Where(draw => draw.Credits > Amount.Zero).Select(draw => $"{draw.Grant} {draw.Credits}"))
                is { } other) return other;
            if (Same("committed", _oracle.CommittedIn(entry.Period),
                entry.Committed.Select(one => $"{one.Value}")) is { } pledged) return pledged;
        }
        static string Returned(IEnumerable<(string? Grant, Amount Credits)> backs) =>
            string.Join(", ", backs.Select(back => $"{back.Grant} {back.Credits}").Order(StringComparer.Ordinal));
        return Same("corrections",
            _oracle.Corrections.Skip(before.Corrections)
                .Select(one =>
                    $"{one.Report.Id} {one.Amount} {Returned(one.Returned.Select(back => (back.Lot?.Id, back.Credits)))}"),
            _real.Taken.OfType<Entry.OutcomeChanged>().Where(entry => entry.Correction is not null)
                .Select(entry => $"{entry.OutcomeId} {entry.Correction!.Amount} "
                    + Returned(entry.Correction.Returned.Select(back => ((string?)back.Grant, back.Credits)))));
    }

    private static string? Same(string what, IEnumerable<Line> should, IEnumerable<Line> was)
    {
        static string Text(Line line) => line.Kind == LineKind.CommitmentShortfall || line.Kind == LineKind.Correction
            ? $"{line.Kind} {line.What} {line.Of} {line.Amount}"
            : $"{line.Kind} {line.What} {line.Source} {line.Quantity} at {line.UnitPrice ?? Amount.Zero} {line.Amount} {line.Credits} credits";
        // Several commitments of one type have no order among themselves, nor lines that differ only in credits.
        static string[] Texts(IEnumerable<Line> lines) =>
            [.. lines.Where(line => line.Amount != Amount.Zero
                || line.Kind is LineKind.Outcomes or LineKind.Overage or LineKind.Activities)
                .Select((line, index) => (Line: line, Place: line.Kind == LineKind.CommitmentShortfall ? 1000
                    : line.Source == Funding.Credits
                    ? lines.TakeWhile(one => one.What != line.What || one.Source != line.Source).Count() : index))
                .OrderBy(one => one.Place).ThenBy(one => Text(one.Line), StringComparer.Ordinal)
                .Select(one => Text(one.Line))];

        var (a, b) = (Texts(should), Texts(was));
        return a.SequenceEqual(b) ? null : $"{what}: expected [{string.Join("; ", a)}], was [{string.Join("; ", b)}]";
    }
}
