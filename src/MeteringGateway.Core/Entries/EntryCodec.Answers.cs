namespace MeteringGateway.Core;

/// <summary>The stored form of answers (kept for idempotency keys) and of archived outcomes.</summary>
public static partial class EntryCodec
{
    public static byte[] WriteAnswer(Answer answer)
    {
        var to = new Writer();
        to.Byte(Version);
        to.Number(answer.Sequence);
        switch (answer)
        {
            case Answer.Done: to.Byte(1); break;
            case Answer.Accepted a:
                to.Byte(2); to.Bool(a.Duplicate); to.Maybe(a.Outcome, Values.Write); to.MaybeNumber(a.Remaining);
                break;
            case Answer.Decided a: to.Byte(3); Values.Write(to, a.Decision); WriteAdded(to, a.Decision); break;
            case Answer.Reserved a: to.Byte(4); Values.Write(to, a.Decision); to.Maybe(a.Reservation, Values.Write);
                WriteAdded(to, a.Decision);
                break;
            case Answer.Granted a:
                to.Byte(5); Values.Write(to, a.Grant); to.Bool(a.Bought); to.MaybeText(a.Grant.Pack);
                to.Number(a.Grant.Quantity);
                break;
            case Answer.Disputed a:
                to.Byte(6); Values.Write(to, a.Dispute); Values.WriteResolution(to, a.Dispute);
                break;
            default: throw new ArgumentException($"a {answer.GetType().Name} answer is not kept", nameof(answer));
        }
        return to.Written.ToArray();
    }

    public static Answer ReadAnswer(ReadOnlySpan<byte> bytes)
    {
        var from = new Reader(bytes);
        if (from.Byte() is var version and not Version)
            throw new FormatException($"answer version {version} is not known");
        var sequence = from.Number();
        Answer answer = from.Byte() switch
        {
            1 => new Answer.Done(),
            2 => new Answer.Accepted(from.Bool(), from.Maybe(Values.ReadSummary), from.MaybeNumber()),
            3 => new Answer.Decided(WithAdded(Values.ReadDecision(ref from), ref from)),
            4 => ReadReserved(ref from),
            5 => ReadGranted(ref from),
            6 => new Answer.Disputed(Values.ReadResolution(Values.ReadDispute(ref from), ref from)),
            var kind => throw new FormatException($"answer kind {kind} is not known"),
        };
        answer.Sequence = sequence;
        return answer;
    }

    private static Answer.Reserved ReadReserved(ref Reader from)
    {
        var (decision, held) = (Values.ReadDecision(ref from), from.Maybe(Values.ReadReservationFigure));
        return new Answer.Reserved(WithAdded(decision, ref from), held);
    }

    // What entries do not keep of a decision came later, and so stands at the end.
    private static void WriteAdded(Writer to, Decision decision)
    {
        to.MaybeTime(decision.At);
        to.MaybeText(decision.Currency);
    }

    private static Decision WithAdded(Decision decision, ref Reader from) => decision with
    {
        At = from.AtEnd ? null : from.MaybeTime(), Currency = from.AtEnd ? null : from.MaybeText(),
    };

    private static Answer.Granted ReadGranted(ref Reader from)
    {
        var (grant, bought) = (Values.ReadGrant(ref from), from.Bool());
        return new Answer.Granted(
            from.AtEnd ? grant : grant with { Pack = from.MaybeText(), Quantity = from.Int() }, bought);
    }

    public static byte[] WriteOutcome(Outcome outcome)
    {
        var to = new Writer();
        to.Byte(Version);
        OutcomeWire.Write(to, outcome);
        OutcomeWire.WriteAdded(to, outcome);
        return to.Written.ToArray();
    }

    public static Outcome ReadOutcome(ReadOnlySpan<byte> bytes)
    {
        var from = new Reader(bytes);
        if (from.Byte() is var version and not Version)
            throw new FormatException($"outcome version {version} is not known");
        var outcome = OutcomeWire.Read(ref from);
        return from.AtEnd ? outcome : OutcomeWire.WithAdded(outcome, ref from);
    }
}

internal static class OutcomeWire
{
    /// <summary>What came later than the form of an outcome, and stands behind it where there is any; in a snapshot, in
    /// a section of its own.</summary>
    public static bool HasAdded(Outcome o) => o.Credit is not null || o.Dispute is { ResolvedAt: not null };

    public static void WriteAdded(Writer to, Outcome o)
    {
        if (!HasAdded(o)) return;
        to.Maybe(o.Credit, Values.Write);
        if (o.Dispute is { } dispute) Values.WriteResolution(to, dispute);
    }

    public static Outcome WithAdded(Outcome o, ref Reader from)
    {
        var credit = from.Maybe(Values.ReadCredit);
        return o with { Credit = credit, Dispute = o.Dispute is { } dispute
            ? Values.ReadResolution(dispute, ref from) : null };
    }

    public static void Write(Writer to, Outcome o)
    {
        Values.Write(to, o.Event); to.Text(o.Id); to.Time(o.Time); to.Text(o.Type); to.Number(o.Quantity);
        to.Byte((byte)o.Result); to.Date(o.Period);
        to.Number(o.Day); to.MaybeText(o.Session); Values.Write(to, o.Dimensions); Values.Write(to, o.CriteriaMet);
        to.Bool(o.HandedOff);
        to.Bool(o.Sandbox); to.Maybe(o.Verification, Values.Write); WriteDrawn(to, o);
        to.Bool(o.HasDetail);
        to.Number(o.Terms); to.Byte((byte)o.Status);
        to.Byte((byte)o.Reason); to.Bool(o.Admitted); to.Time(o.Opened); to.MaybeTime(o.ClosesAt); to.Byte((byte)o.End);
        to.MaybeText(o.ContinuationOf);
        to.List(o.Facts, Values.Write); to.Maybe(o.Dispute, Values.Write);
        to.Bool(o.Charges is not null);
        if (o.Charges is { } charges) to.List(charges, Values.Write);
        to.Number(o.Place); to.Number(o.ReportedBy); to.Number(o.SettledBy);
        to.List(o.ChangedBy, (w, sequence) => w.Number(sequence));
    }

    public static Outcome Read(ref Reader from)
    {
        var id = Values.ReadEventId(ref from);
        return Read(ref from, id);
    }

    private static Outcome Read(ref Reader from, EventId id) => new()
    {
        Event = id, Id = from.TextLike(id.Id), Time = from.Time(), Type = Values.Shared(ref from),
        Quantity = from.Int(),
        Result = (Result)from.Byte(), Period = from.Date(), Day = from.Int(), Session = from.MaybeText(),
        Dimensions = Values.ReadDimensions(ref from),
        CriteriaMet = Values.ReadTexts(ref from), HandedOff = from.Bool(), Sandbox = from.Bool(),
        Verification = from.Maybe(Values.ReadVerification),
        Drawn = ReadDrawn(ref from, out var drawnIn), DrawnIn = drawnIn, HasDetail = from.Bool(),
        Terms = from.Int(), Status = (OutcomeStatus)from.Byte(), Reason = (Reason)from.Byte(), Admitted = from.Bool(),
        Opened = from.Time(), ClosesAt = from.MaybeTime(), End = (WindowEnd)from.Byte(),
        ContinuationOf = from.MaybeText(),
        Facts = [.. from.List(Values.ReadFact)], Dispute = from.Maybe(Values.ReadDispute),
        Charges = from.Bool() ? [.. from.List(Values.ReadCharge)]
            : null, Place = from.Number(), ReportedBy = from.Number(), SettledBy = from.Number(),
        ChangedBy = [.. from.List((ref r) => r.Number())],
    };

    /// <summary>Where the reservation's period is not the report's own, it stands behind a number below 0.</summary>
    private static void WriteDrawn(Writer to, Outcome o)
    {
        to.Number(o.DrawnIn is null ? o.Drawn : -o.Drawn);
        if (o.DrawnIn is { } period) to.Date(period);
    }

    private static int ReadDrawn(ref Reader from, out DateOnly? period)
    {
        var drawn = from.Int();
        period = drawn < 0 ? from.Date() : null;
        return drawn > int.MinValue ? Math.Abs(drawn)
            : throw new FormatException("more is drawn than a reservation can hold");
    }
}
