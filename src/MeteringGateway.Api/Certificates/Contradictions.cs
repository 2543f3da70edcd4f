using System.Globalization;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Outcomes;

namespace MeteringGateway.Api.Certificates;

/// <summary>
/// What the members of one certificate or head must say of each other, without any journal: whoever has the key can
/// sign anything, and what contradicts itself is refused before anything is compared (D2). Only what holds of every
/// certificate that was ever signed is asked for.
/// </summary>
internal static class Contradictions
{
    /// <summary>Days from a period's first local date to the last date in UTC that may lie in it: a month, and what a
    /// changed anchor or zone adds (T2).</summary>
    private const int LongestPeriod = 48;

    /// <param name="entry">What the certificate's <c>entry.bytes</c> say.</param>
    /// <param name="saysCredit">False of a certificate of before it had the member.</param>
    /// <exception cref="CertificateException">The first member that another one contradicts.</exception>
    public static void Find(CertificateWire certificate, Entry entry, bool saysCredit)
    {
        var (stated, head) = (certificate.Entry, certificate.Head);
        if (stated.Sequence < 1 || stated.Sequence > head.Sequence)
            throw new CertificateException(
                $"entry.sequence is {stated.Sequence}, and the journal ends at head.sequence, {head.Sequence}");
        if (stated.Sequence == head.Sequence != (stated.Hash == head.Hash))
            throw new CertificateException($"entry.sequence is {stated.Sequence}, head.sequence {head.Sequence}, and "
                + $"entry.hash is '{stated.Hash}', head.hash '{head.Hash}'");
        if (stated.Sequence == 1 != entry is Entry.TenantCreated)
            throw new CertificateException(
                $"entry.sequence is {stated.Sequence}, and entry.kind '{EntryCodec.Name(entry)}'");
        if (stated.Sequence == 1)
            Same("entry.previous_hash", stated.PreviousHash,
                Convert.ToHexStringLower(Chain.Genesis(certificate.Tenant)), "the tenant's chain begins with");
        if (certificate.Outcome is not { } outcome)
        {
            Same("rules_at", certificate.RulesAt, TimeOf(entry).ToString(), "the entry's bytes say");
            return;
        }
        Same("rules_at", certificate.RulesAt, outcome.Timestamp, "outcome.timestamp says");
        Find(outcome, entry);
        FindInPeriod(outcome);
        FindInCharges(outcome);
        if (saysCredit) FindInCredit(outcome, entry);
    }

    /// <exception cref="CertificateException">The first member that another one contradicts.</exception>
    public static void Find(SignedHeadWire head)
    {
        if (head.Statement is { } statement)
        {
            if (head.Day is not null || head.At is not null)
                throw new CertificateException("a head is of a day or of a statement, and day, at and statement are "
                    + "there");
            Date("statement.period", statement.Period);
            if (!Enum.GetValues<PeriodStatus>().Any(one => Statements.StatementFigures.Status(one) == statement.Status))
                throw new CertificateException($"statement.status is {Proof.Shown(statement.Status)}");
            Money("statement.total", statement.Total, statement.Currency);
            Money("statement.unrounded_total", statement.UnroundedTotal, statement.Currency);
            return;
        }
        if (head.At is null || head.Day is null)
            throw new CertificateException("a head is of a day or of a statement, and of day, at and statement neither "
                + "is there");
        Same("day", head.Day, Time("at", head.At).ToString()[..10], "at says");
    }

    /// <summary>When what an entry says came to pass: its rules are those of then.</summary>
    public static Instant TimeOf(Entry entry) => entry switch
    {
        Entry.OutcomeReported e => e.Time,
        Entry.ActivityReported e => e.Time,
        _ => entry.At,
    };

    /// <summary>What the entry says of its outcome; what is as of the head may have come to it since.</summary>
    private static void Find(CertifiedOutcomeWire outcome, Entry entry)
    {
        const string bytes = "the entry's bytes say";
        var (id, status, reason, closes, end) = entry switch
        {
            Entry.OutcomeReported e => (e.OutcomeId, e.Status, e.Reason, e.ClosesAt, e.End),
            Entry.OutcomeChanged e => (e.OutcomeId, e.Status, e.Reason, e.ClosesAt, e.End),
            _ => throw new CertificateException("entry.kind is not of an outcome, and there is one"),
        };
        Same("outcome.outcome_id", outcome.OutcomeId, id, bytes);
        Same("outcome.status", outcome.Status, Names<OutcomeStatus>.Of(status), bytes);
        Same("outcome.billable_reason", outcome.BillableReason, OutcomeFigures.BillableReason(status, reason), bytes);
        Same("outcome.non_billable_reason", outcome.NonBillableReason, OutcomeFigures.NonBillableReason(reason), bytes);
        Same("outcome.window.status", outcome.Window.Status, Names<WindowStatus>.Of(Outcome.StatusOf(end)), bytes);
        Same("outcome.window.closes_at", outcome.Window.ClosesAt, closes?.ToString(), bytes);
        FindInEnd(outcome, closes, end);
        if (entry is not Entry.OutcomeReported reported) return;
        Same("outcome.outcome_type", outcome.OutcomeType, reported.OutcomeType, bytes);
        Same("outcome.timestamp", outcome.Timestamp, reported.Time.ToString(), bytes);
        Same("outcome.period", outcome.Period, Text.Date(reported.Period), bytes);
        Same("outcome.quantity", outcome.Quantity, reported.Quantity, bytes);
        if (reported.HandedOff) Same("outcome.handed_off", outcome.HandedOff, true, bytes);
    }

    private static void FindInEnd(CertifiedOutcomeWire outcome, Instant? closes, WindowEnd end)
    {
        const string name = "outcome.window.ended_at";
        var ended = outcome.Window.EndedAt;
        if (end == WindowEnd.Confirmed) Same(name, ended, closes?.ToString(), "outcome.window.closes_at says");
        else if (end is not (WindowEnd.Reversed or WindowEnd.ReversedLate))
            Same(name, ended, null, "the window's end by the entry is");
        else if (ended is not null && (Time(name, ended) < Time("outcome.timestamp", outcome.Timestamp)
            || Time(name, ended) >= (closes ?? Instant.MaxValue)))
            throw new CertificateException($"{name} is '{ended}', and the window was not open then");
    }

    private static void FindInPeriod(CertifiedOutcomeWire outcome)
    {
        var begins = Date("outcome.period", outcome.Period).DayNumber;
        var day = DateOnly.FromDateTime(
            Time("outcome.timestamp", outcome.Timestamp).ToDateTimeOffset().UtcDateTime).DayNumber;
        // Local dates are a day off at most.
        if (begins > day + 1 || day > begins + LongestPeriod)
            throw new CertificateException(
                $"outcome.timestamp is '{outcome.Timestamp}', which is not in outcome.period, '{outcome.Period}'");
    }

    private static void FindInCharges(CertifiedOutcomeWire outcome)
    {
        var (units, amount, credits) = (0L, Amount.Zero, Amount.Zero);
        for (var i = 0; i < outcome.Charges.Count; i++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"outcome.charges[{i}]");
            var charge = outcome.Charges[i] ?? throw new CertificateException($"{name} is not there");
            var price = Money($"{name}.unit_price", charge.UnitPrice, outcome.Currency);
            var own = Money($"{name}.amount", charge.Amount, outcome.Currency);
            if (!Names<Funding>.TryParse(charge.Source ?? "", out _))
                throw new CertificateException($"{name}.source is {Proof.Shown(charge.Source)}");
            if (charge.Units < 1 || (Int128)price.Micros * charge.Units != own.Micros)
                throw new CertificateException($"{name}.amount is '{charge.Amount}', and {name}.units, {charge.Units}, "
                    + $"times {name}.unit_price, '{charge.UnitPrice}', is not");
            (units, amount) = (checked(units + charge.Units), amount + own);
            credits += Money($"{name}.credits", charge.Credits, null);
        }
        Same("outcome.amount", outcome.Amount, Text.Money(amount, outcome.Currency), "outcome.charges come to");
        Same("outcome.credits", outcome.Credits, credits.ToString(), "outcome.charges come to");
        if (outcome.Charges.Count > 0) Same("outcome.quantity", outcome.Quantity, units, "outcome.charges come to");
        if (outcome.Charges.Count > 0 && outcome.Status == Names<OutcomeStatus>.Of(OutcomeStatus.NonBillable))
            throw new CertificateException("outcome.status is 'non_billable', and outcome.charges are there");
    }

    private static void FindInCredit(CertifiedOutcomeWire outcome, Entry entry)
    {
        const string bytes = "the entry's bytes say";
        var credit = outcome.Credit;
        if (outcome.Status != Names<OutcomeStatus>.Of(OutcomeStatus.Credited))
            Same("outcome.credit", credit, null, "of what is not credited there is");
        // Null in entries of before it was kept; what an earlier entry says, only the journal knows.
        if ((entry as Entry.OutcomeChanged)?.Credit.Wire(outcome.Currency) is not { } found) return;
        Same("outcome.credit.amount", credit?.Amount, found.Amount, bytes);
        Same("outcome.credit.credits", credit?.Credits, found.Credits, bytes);
        Same("outcome.credit.reason", credit?.Reason, found.Reason, bytes);
        Same("outcome.credit.at", credit?.At, found.At, bytes);
        Same("outcome.credit.period", credit?.Period, found.Period, bytes);
    }

    /// <summary>An amount has one text: other zeros or digits are not what was signed.</summary>
    /// <param name="currency">Null: credits.</param>
    private static Amount Money(string name, string? text, string? currency) =>
        text is not null && Amount.TryParse(text, out var amount)
            && text == (currency is null ? amount.ToString() : Text.Money(amount, currency)) ? amount
            : throw new CertificateException($"{name} is {Proof.Shown(text)}, which is not how an amount is written");

    private static DateOnly Date(string name, string? text) => Text.TryDate(text ?? "", out var date) ? date
        : throw new CertificateException($"{name} is {Proof.Shown(text)}, which is no date");

    private static Instant Time(string name, string? text) =>
        Instant.TryParse(text ?? "", out var time) && time.ToString() == text ? time
            : throw new CertificateException($"{name} is {Proof.Shown(text)}, which is not how a time is written");

    public static void Same<T>(string member, T stated, T found, string says)
    {
        if (!EqualityComparer<T>.Default.Equals(stated, found))
            throw new CertificateException($"{member} is {Proof.Shown(stated)}, and {says} {Proof.Shown(found)}");
    }
}
