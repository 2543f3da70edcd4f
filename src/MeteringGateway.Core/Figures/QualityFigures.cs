using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>How good a period's outcomes were (Q1). Every figure is defined in <c>docs/quality.md</c>.</summary>
public sealed record Quality(Period Period, PeriodStatus Status, long Sequence, string Currency, QualityFigures All,
    ImmutableArray<TypeQuality> OutcomeTypes);

public sealed record TypeQuality(string Id, QualityFigures Figures, PricingCheck Pricing);

/// <summary>So many of so many; of nothing it says nothing.</summary>
public sealed record Share(long Numerator, long Denominator);

/// <summary>An amount spread over so many.</summary>
/// <param name="Numerator">Null: more than an amount can be.</param>
public sealed record CostShare(Amount? Numerator, long Denominator);

/// <param name="Listed">At the list price; null: more than an amount can be.</param>
public sealed record ForgivenFigure(long Units, Amount? Listed);

/// <param name="Reported">Outcomes, continuations of one counted with it; sandbox is in no figure.</param>
/// <param name="Csat">Points of so many ratings.</param>
/// <param name="TimeToFirstOutcome">Milliseconds in so many sessions.</param>
/// <param name="Credited">What was taken back; what was not charged is in <paramref name="Forgiven"/>.</param>
public sealed record QualityFigures(
    long Reported, long Pending, long Sessions, long NoSession, Share Resolution, Share Containment, Share Escalation,
    Share Reopened, Share FirstContact, Share Csat, Share Disputes, Share Agreement, CostShare CostPerResolution,
    Share TimeToFirstOutcome, ForgivenFigure Credited, ImmutableSortedDictionary<Reason, ForgivenFigure> Forgiven);

/// <summary>Whether what was settled of a type stayed undisputed: the test of outcome pricing.</summary>
/// <param name="Agree">Outcomes that were settled, and that neither the buyer nor the records contradicted since, of
/// all that were settled.</param>
/// <param name="BuyerRejected">Settled, and rejected or disputed by the buyer.</param>
/// <param name="RecordsReversed">Settled, and reversed by the vendor's records after the window.</param>
/// <param name="Remedies">What the definition still lacks, where it does not hold.</param>
public sealed record PricingCheck(PricingVerdict Verdict, Share Agree, long BuyerRejected, long RecordsReversed,
    ImmutableArray<Remedy> Remedies);

public enum PricingVerdict : byte { TooFew, Holds, AtRisk }

/// <summary>What a definition may lack, in the order in which it is worth trying.</summary>
public enum Remedy : byte { Verification, Confirmation, LongerWindow, ActivityPrice }

/// <summary>Works the figures out from what is counted.</summary>
public static class QualityReport
{
    /// <summary>Below it one case decides.</summary>
    public const int Fewest = 20;

    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(30);

    /// <summary>Null: no such period.</summary>
    /// <param name="period">Null: the open one.</param>
    public static Quality? Quality(this TenantState state, DateOnly? period)
    {
        if (state.BookOf(period) is not { } book) return null;
        var counted = state.QualityOf(book) ?? new PeriodQuality();
        var terms = book == state.Open ? state.Terms : state.TermsAt(book.Period.End - TimeSpan.FromMilliseconds(1));
        var ids = terms.OutcomeTypes.Select(type => type.Id).Concat(counted.Types.Keys).Distinct()
            .Order(StringComparer.Ordinal);
        return new Quality(book.Period, book.Status, state.Sequence, state.Terms.Currency,
            FiguresOf(counted.All, Charged(state, book, null), Agreed(state, book, null)),
            [.. ids.Select(id =>
            {
                var tallies = counted.Types.GetValueOrDefault(id) ?? new Tallies();
                return new TypeQuality(id, FiguresOf(tallies, Charged(state, book, id), Agreed(state, book, id)),
                    Check(tallies, terms.Type(id)));
            })]);
    }

    /// <summary>What outcomes come to on the period's statement, with what was corrected since.</summary>
    private static Int128 Charged(TenantState state, PeriodBook book, string? type)
    {
        Int128 charged = 0;
        foreach (var line in Lines.OfOutcomes(state, book, type)) charged += line.Amount.Micros;
        foreach (var later in state.Books)
            foreach (var ((period, of), sum) in later.Corrections ?? [])
                if (period == book.Period.Id && (type is null || of == type)) charged += sum.Amount.Micros;
        return charged;
    }

    /// <summary>As it is counted for the alert when it is low (O8).</summary>
    private static Share Agreed(TenantState state, PeriodBook book, string? type)
    {
        var counts = (book.Agreement ?? []).Keys.Where(one => type is null || one == type)
            .Select(one => state.AgreementOf(book, one)).ToArray();
        return new Share(counts.Sum(one => one.Agreed), counts.Sum(one => one.Total));
    }

    private static QualityFigures FiguresOf(Tallies of, Int128 charged, Share agreed)
    {
        var sessions = of[Mark.Sessions] + of[Mark.Lone];
        return new QualityFigures(
            of[Mark.Reported], of[Mark.Pending], sessions, of[Mark.NoSession],
            new Share(of[Mark.Settled], sessions),
            new Share(sessions - of[Mark.HandedOffSessions] - of[Mark.LoneHandedOff], sessions),
            new Share(of[Mark.Escalated], of[Mark.Reported]), new Share(of[Mark.Reopened], of[Mark.Reported]),
            new Share(of[Mark.FirstContacts], of[Mark.Contacts]), new Share(of[Mark.CsatPoints], of[Mark.Csat]),
            new Share(of[Mark.Disputed], of[Mark.Decided]), agreed,
            new CostShare(AmountOf(charged), of[Mark.Rated]),
            new Share(of[Mark.FirstOutcomeWait], of[Mark.FirstOutcomes]),
            FigureOf(of.Forgiven?.GetValueOrDefault(Reason.None) ?? default),
            (of.Forgiven ?? []).Where(one => one.Key != Reason.None)
                .ToImmutableSortedDictionary(one => one.Key, one => FigureOf(one.Value)));
    }

    private static ForgivenFigure FigureOf(Forgiven of) => new(of.Units, AmountOf(of.Micros));

    private static Amount? AmountOf(Int128 micros) =>
        micros <= long.MaxValue && micros >= long.MinValue ? new Amount((long)micros) : null;

    /// <param name="type">As it is defined; null: it is not any more.</param>
    private static PricingCheck Check(Tallies of, OutcomeType? type)
    {
        var (decided, contradicted) = (of[Mark.Decided], of[Mark.Contradicted]);
        var (buyer, records) = (of[Mark.BuyerRejected], of[Mark.RecordsReversed]);
        var verdict = decided < Fewest ? PricingVerdict.TooFew
            : contradicted * 20 <= decided ? PricingVerdict.Holds : PricingVerdict.AtRisk; // 5 in 100
        return new PricingCheck(verdict, new Share(decided - contradicted, decided), buyer, records,
            verdict == PricingVerdict.AtRisk ? [.. Remedies(buyer > 0, records > 0, type)] : []);
    }

    private static IEnumerable<Remedy> Remedies(bool buyer, bool records, OutcomeType? type)
    {
        if (type is null) return [];
        var lacking = new List<Remedy>();
        if (buyer && !type.VerificationRequired) lacking.Add(Remedy.Verification);
        if (buyer && !type.SettlesOnConfirmation) lacking.Add(Remedy.Confirmation);
        if (records && type.MeasurementWindow < LongestWindow) lacking.Add(Remedy.LongerWindow);
        // Whatever could be asked for is asked for, and they still do not agree: it is no outcome to be paid by.
        return lacking.Count > 0 ? lacking : [Remedy.ActivityPrice];
    }
}
