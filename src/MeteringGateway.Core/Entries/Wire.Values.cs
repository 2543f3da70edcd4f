using System.Collections.Immutable;

namespace MeteringGateway.Core;

/// <summary>
/// The stored form of the values that entries and states are made of; each pair writes and reads the same members in
/// the same order.
/// </summary>
internal static class Values
{
    public static void Write(Writer to, Actor value) { to.Text(value.KeyId); to.Text(value.Role); }
    public static Actor ReadActor(ref Reader from) => new(from.Text(), from.Text());

    public static void Write(Writer to, EventId value) { to.Text(value.Source); to.Text(value.Id); }
    public static EventId ReadEventId(ref Reader from) => new(Shared(ref from), from.Text());

    public static void Write(Writer to, PlanRef value) { to.Text(value.Id); to.Number(value.Version); }
    public static PlanRef ReadPlanRef(ref Reader from) => new(Shared(ref from), from.Int());

    public static void Write(Writer to, TestClock value) { to.Time(value.Start); to.Bool(value.FollowEvents); }
    public static TestClock ReadTestClock(ref Reader from) => new(from.Time(), from.Bool());

    public static void Write(Writer to,
        Verification value) { to.Text(value.Method); to.Bool(value.Passed); to.MaybeNumber(value.Confidence); }
    public static Verification ReadVerification(ref Reader from) => new(Shared(ref from), from.Bool(),
        (int?)from.MaybeNumber());

    public static void Write(Writer to,
        Dimensions value) { to.MaybeText(value.Agent); to.MaybeText(value.Channel); to.MaybeText(value.Workflow); }

    public static Dimensions ReadDimensions(ref Reader from)
    {
        var (agent, channel, workflow) = (MaybeShared(ref from), MaybeShared(ref from), MaybeShared(ref from));
        return agent is null && channel is null && workflow is null ? Dimensions.None
            : new Dimensions(agent, channel, workflow);
    }

    public static void Write(Writer to,
        Subject value) { to.Text(value.What); to.Bool(value.IsActivity); Write(to, value.Dimensions); }
    public static Subject ReadSubject(ref Reader from) => new(Shared(ref from), from.Bool(), ReadDimensions(ref from));

    public static void Write(Writer to, Scope value)
    {
        to.MaybeText(value.OutcomeType); to.MaybeText(value.Activity); to.MaybeText(value.Agent);
        to.MaybeText(value.Channel); to.MaybeText(value.Workflow);
    }

    public static Scope ReadScope(ref Reader from)
    {
        var scope = new Scope(MaybeShared(ref from), MaybeShared(ref from), MaybeShared(ref from),
            MaybeShared(ref from), MaybeShared(ref from));
        return scope == Scope.Everything ? Scope.Everything : scope;
    }

    public static void Write(Writer to, Stop value)
    {
        to.Byte((byte)value.On); to.MaybeText(value.OutcomeType); to.MaybeText(value.Activity);
        to.MaybeText(value.Agent); to.MaybeText(value.Channel); to.MaybeText(value.Workflow);
        Write(to, value.WorkflowNot);
    }

    public static Stop ReadStop(ref Reader from) => new(
        (StopOn)from.Byte(), MaybeShared(ref from), MaybeShared(ref from), MaybeShared(ref from), MaybeShared(ref from),
        MaybeShared(ref from)) { WorkflowNot = ReadTexts(ref from) };

    public static void Write(Writer to,
        AtLimit value) { to.Byte((byte)value.Action); to.MaybeText(value.To); to.MaybeText(value.Message); }
    public static AtLimit ReadAtLimit(ref Reader from) => new((LimitAction)from.Byte(), from.MaybeText(),
        from.MaybeText());

    public static void Write(Writer to, Cap value)
    {
        to.Text(value.Id); Write(to, value.Scope); Write(to, value.Limit); to.Byte((byte)value.Period);
        Write(to, value.AtLimit);
    }

    public static Cap ReadCap(ref Reader from) => new()
    {
        Id = Shared(ref from), Scope = ReadScope(ref from), Limit = ReadLimit(ref from),
        Period = (CapPeriod)from.Byte(), AtLimit = ReadAtLimit(ref from),
    };

    public static void Write(Writer to, Period value)
    {
        to.Date(value.Id); to.Time(value.Start); to.Time(value.End); to.List(value.Days, (w, day) => w.Number(day));
    }

    public static Period ReadPeriod(ref Reader from) =>
        new(from.Date(), from.Time(), from.Time(), from.List((ref r) => r.Int()));

    public static void Write(Writer to,
        OutcomeSummary value) { to.Text(value.Id); to.Byte((byte)value.Status); to.Byte((byte)value.Reason); }
    public static OutcomeSummary ReadSummary(ref Reader from) => new(from.Text(), (OutcomeStatus)from.Byte(),
        (Reason)from.Byte());

    public static void Write(Writer to,
        Charge value) { to.Byte((byte)value.Source); to.Number(value.Units); to.Money(value.UnitPrice);
        to.Money(value.Amount); to.Money(value.Credits); }
    public static Charge ReadCharge(ref Reader from) => new((Funding)from.Byte(), from.Number(), from.Money(),
        from.Money(), from.Money());

    public static void Write(Writer to, Dispute value)
    {
        to.Text(value.Id); to.Text(value.OutcomeId); to.Text(value.Reason); to.Byte((byte)value.Status);
        to.Time(value.OpenedAt);
    }

    public static Dispute ReadDispute(ref Reader from) => new(from.Text(), from.Text(), from.Text(),
        (DisputeStatus)from.Byte(), from.Time());

    /// <summary>What came to be known of a dispute after it was opened; its status is written where it is.</summary>
    public static void WriteResolution(Writer to, Dispute value)
    {
        to.MaybeText(value.Note); to.MaybeTime(value.ResolvedAt); to.Maybe(value.Credit, Write);
    }

    public static Dispute ReadResolution(Dispute of, ref Reader from) => of with
    {
        Note = from.MaybeText(), ResolvedAt = from.MaybeTime(), Credit = from.Maybe(ReadCredit),
    };

    public static void Write(Writer to, Credit value)
    {
        to.Money(value.Amount); to.Money(value.Credits); to.Byte((byte)value.Reason); to.Date(value.Period);
        to.Time(value.At);
    }

    public static Credit ReadCredit(ref Reader from) => new(from.Money(), from.Money(), (CreditReason)from.Byte(),
        from.Date(), from.Time());

    public static void Write(Writer to, VerdictCount value)
    {
        to.Date(value.Period); to.Text(value.OutcomeType); to.MaybeNumber((long?)value.Before);
    }

    public static VerdictCount ReadVerdictCount(ref Reader from) => new(from.Date(), Shared(ref from),
        (FactKind?)from.MaybeNumber());

    public static void Write(Writer to, Limit value) { to.Bool(value.IsMoney); to.Number(value.Value); }
    public static Limit ReadLimit(ref Reader from) { var money = from.Bool(); return new Limit(from.Number(), money); }

    public static void Write(Writer to, Limit? value)
    {
        to.Bool(value is not null);
        if (value is { } limit) Write(to, limit);
    }

    public static Limit? MaybeLimit(ref Reader from) => from.Bool() ? ReadLimit(ref from) : null;

    public static void Write(Writer to, Threshold value)
    {
        to.Text(value.Id); to.Byte((byte)value.Of); to.MaybeText(value.Target); to.MaybeNumber(value.Percent);
        Write(to, value.At);
    }

    public static Threshold ReadThreshold(ref Reader from) =>
        new(from.Text(), (Measure)from.Byte(), from.MaybeText(), (int?)from.MaybeNumber(), MaybeLimit(ref from));

    public static void Write(Writer to, Line value)
    {
        to.Byte((byte)value.Kind); to.MaybeText(value.What); to.MaybeNumber((long?)value.Source);
        to.MaybeNumber(value.Of?.DayNumber);
        to.Number(value.Quantity); to.MaybeMoney(value.UnitPrice); to.Money(value.Amount); to.Money(value.Credits);
    }

    public static Line ReadLine(ref Reader from) => new(
        (LineKind)from.Byte(), MaybeShared(ref from), (Funding?)from.MaybeNumber(),
        from.MaybeDay(), from.Number(), from.MaybeMoney(), from.Money(), from.Money());

    public static void Write(Writer to, Draw value) { to.Text(value.Grant); to.Money(value.Credits); }
    public static Draw ReadDraw(ref Reader from) => new(from.Text(), from.Money());

    public static void Write(Writer to, Correction value)
    {
        to.Date(value.Period); to.Text(value.OutcomeType); to.Number(value.Quantity); to.Number(value.Place);
        to.Money(value.Amount);
        to.List(value.Returned, Write);
    }

    public static Correction ReadCorrection(ref Reader from) =>
        new(from.Date(), Shared(ref from), from.Number(), from.Number(), from.Money(), [.. from.List(ReadDraw)]);

    public static void Write(Writer to, Fact value)
    {
        Write(to, value.Event); to.Time(value.Time); to.Byte((byte)value.Kind); to.Maybe(value.Verification, Write);
    }

    public static Fact ReadFact(ref Reader from) =>
        new(ReadEventId(ref from), from.Time(), (FactKind)from.Byte(), from.Maybe(ReadVerification));

    public static void Write(Writer to,
        Question value) { Write(to, value.Subject); to.Number(value.Quantity); to.MaybeText(value.Session); }
    public static Question ReadQuestion(ref Reader from) => new(ReadSubject(ref from), from.Number(), from.MaybeText());

    public static void Write(Writer to, Decision value)
    {
        to.Byte((byte)value.Kind); to.Byte((byte)value.Reason); to.MaybeNumber(value.Remaining);
        to.Maybe(value.Limit, Write);
        to.MaybeNumber((long?)value.Funding); to.MaybeMoney(value.UnitPrice); to.Maybe(value.Handoff, Write);
        to.MaybeTime(value.RetryAt);
        to.Date(value.Period); to.Number(value.Sequence);
    }

    public static Decision ReadDecision(ref Reader from) => new(
        (DecisionKind)from.Byte(), (DecisionReason)from.Byte(), from.MaybeNumber(), from.Maybe(ReadBinding),
        (Funding?)from.MaybeNumber(),
        from.MaybeMoney(), from.Maybe(ReadAtLimit), from.MaybeTime(), from.Date(), from.Number());

    private static void Write(Writer to, Binding value)
    {
        to.Text(value.Id); to.Text(value.Kind); Write(to, value.Limit); Write(to, value.Used); to.Time(value.ResetsAt);
        to.Byte((byte)value.Period);
    }

    private static Binding ReadBinding(ref Reader from) =>
        new(from.Text(), Shared(ref from), ReadLimit(ref from), ReadLimit(ref from), from.Time(),
            (CapPeriod)from.Byte());

    public static void Write(Writer to, ReservationFigure value)
    {
        to.Text(value.Id); to.Number(value.Quantity); to.Number(value.Remaining); to.Time(value.ExpiresAt);
    }

    public static ReservationFigure ReadReservationFigure(ref Reader from) => new(from.Text(), from.Number(),
        from.Number(), from.Time());

    public static void Write(Writer to, GrantFigure g)
    {
        to.Text(g.Id); to.Byte((byte)g.Kind); to.Money(g.Amount); to.Money(g.Remaining); to.Number(g.Priority);
        to.Time(g.EffectiveAt);
        to.MaybeTime(g.ExpiresAt); to.MaybeMoney(g.Price); to.MaybeText(g.Note); to.Time(g.CreatedAt);
        to.MaybeTime(g.VoidedAt); to.MaybeText(g.From);
    }

    public static GrantFigure ReadGrant(ref Reader from) => new(
        from.Text(), (GrantKind)from.Byte(), from.Money(), from.Money(), from.Int(), from.Time(), from.MaybeTime(),
        from.MaybeMoney(), from.MaybeText(),
        from.Time(), from.MaybeTime(), from.MaybeText());

    public static ImmutableArray<string> ReadTexts(ref Reader from) => [.. from.List(Shared)];

    public static void Write(Writer to, ImmutableArray<string> texts)
    {
        to.Unsigned((ulong)texts.Length);
        foreach (var text in texts) to.Text(text);
    }

    /// <summary>
    /// Words that come again and again (types, agents, channels, sources) are kept once; ids are not.
    /// </summary>
    public static string Shared(ref Reader from) => from.Word();

    public static string? MaybeShared(ref Reader from) => from.Bool() ? Shared(ref from) : null;
}
