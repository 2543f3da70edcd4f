using System.Collections.Concurrent;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MeteringGateway.Core;

/// <summary>
/// The stored form of terms: a length, then the members, so that equal terms can be found by their bytes and kept once.
/// </summary>
internal static class TermsWire
{
    /// <summary>Bytes of terms as they are written.</summary>
    public static int Size(Terms terms)
    {
        var to = new Writer();
        Write(to, terms);
        return to.Written.Length;
    }

    private static readonly ConcurrentDictionary<UInt128, WeakReference<Terms>> Known = new();

    public static void Write(Writer to, Terms value)
    {
        var body = new Writer();
        body.Text(value.Currency);
        body.List(value.OutcomeTypes, Write);
        body.List(value.Activities, Write);
        body.List(value.Caps, Values.Write);
        body.List(value.Thresholds, Values.Write);
        body.Maybe(value.Training, Write);
        body.Span(value.MaxLateness);
        body.MaybeMoney(value.CreditValue);
        body.MaybeMoney(value.PlatformFee);
        body.MaybeMoney(value.ImplementationFee);
        body.List(value.Commitments, Write);
        body.Money(value.PeriodGrant);
        body.Maybe(value.Rollover, Write);
        body.Maybe(value.Overage, Write);
        if (!value.TopUps.IsEmpty || value.TopUpLimit is not null)
            Sections.Write(body, Sections.Money, WriteTopUps(value));
        to.Bytes(body.Written);
    }

    public static bool AreSame(Terms a, Terms b)
    {
        var (one, other) = (new Writer(), new Writer());
        Write(one, a);
        Write(other, b);
        return one.Written.SequenceEqual(other.Written);
    }

    private static Writer WriteTopUps(Terms value)
    {
        var to = new Writer();
        to.List(value.TopUps, Write);
        to.MaybeMoney(value.TopUpLimit);
        return to;
    }

    public static Terms Read(ref Reader from)
    {
        var bytes = from.Bytes();
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        var key = BinaryPrimitives.ReadUInt128LittleEndian(hash);
        if (Known.TryGetValue(key, out var known) && known.TryGetTarget(out var terms)) return terms;
        var body = new Reader(bytes);
        terms = new Terms
        {
            Currency = body.Text(), OutcomeTypes = [.. body.List(ReadType)], Activities = [.. body.List(ReadActivity)],
            Caps = [.. body.List(Values.ReadCap)], Thresholds = [.. body.List(Values.ReadThreshold)],
            Training = body.Maybe(ReadTraining),
            MaxLateness = body.Span(), CreditValue = body.MaybeMoney(), PlatformFee = body.MaybeMoney(),
            ImplementationFee = body.MaybeMoney(),
            Commitments = [.. body.List(ReadCommitment)], PeriodGrant = body.Money(),
            Rollover = body.Maybe(ReadRollover),
            Overage = body.Maybe(ReadOverage),
        };
        while (!body.AtEnd)
        {
            var section = Sections.Read(ref body, out var tag);
            if (tag != Sections.Money) throw new FormatException($"terms have an unknown section {tag}");
            terms = terms with { TopUps = [.. section.List(ReadPack)], TopUpLimit = section.MaybeMoney() };
        }
        Known[key] = new WeakReference<Terms>(terms);
        return terms;
    }

    private static void Write(Writer to, OutcomeType value)
    {
        to.Text(value.Id); to.MaybeMoney(value.Price); to.Number(value.IncludedUnits); to.Span(value.MeasurementWindow);
        to.Bool(value.WindowRestartsOnActivity); to.Bool(value.OncePerSession); to.MaybeText(value.ExclusiveGroup);
        to.Bool(value.Continuation);
        to.Bool(value.SettlesOnConfirmation); to.Bool(value.VerificationRequired); to.MaybeNumber(value.MinConfidence);
        Values.Write(to, value.RequiredCriteria); to.Bool(value.HandoffBillable); to.Bool(value.CreditAfterWindow);
        to.Bool(value.PendingCounts);
        to.MaybeText(value.Description); to.List(value.Tiers, Write); to.List(value.Prices, Write);
        to.MaybeMoney(value.Credits);
        to.Maybe(value.Overage, Write);
    }

    private static OutcomeType ReadType(ref Reader from) => new()
    {
        Id = Values.Shared(ref from), Price = from.MaybeMoney(), IncludedUnits = from.Number(),
        MeasurementWindow = from.Span(),
        WindowRestartsOnActivity = from.Bool(), OncePerSession = from.Bool(), ExclusiveGroup = from.MaybeText(),
        Continuation = from.Bool(),
        SettlesOnConfirmation = from.Bool(), VerificationRequired = from.Bool(),
        MinConfidence = (int?)from.MaybeNumber(),
        RequiredCriteria = Values.ReadTexts(ref from), HandoffBillable = from.Bool(), CreditAfterWindow = from.Bool(),
        PendingCounts = from.Bool(),
        Description = from.MaybeText(), Tiers = [.. from.List(ReadTier)], Prices = [.. from.List(ReadClass)],
        Credits = from.MaybeMoney(),
        Overage = from.Maybe(ReadOverage),
    };

    private static void Write(Writer to, Tier value) { to.MaybeNumber(value.UpTo); to.Money(value.Price); }
    private static Tier ReadTier(ref Reader from) => new(from.MaybeNumber(), from.Money());

    private static void Write(Writer to,
        PriceClass value) { to.MaybeText(value.Workflow); to.MaybeText(value.Verification); to.Money(value.Price); }
    private static PriceClass ReadClass(ref Reader from) => new(Values.MaybeShared(ref from),
        Values.MaybeShared(ref from), from.Money());

    private static void Write(Writer to, Commitment value)
    {
        to.MaybeText(value.OutcomeType); to.MaybeNumber(value.Units); to.MaybeMoney(value.Price);
        to.MaybeMoney(value.Amount); to.Bool(value.PerYear);
    }

    private static Commitment ReadCommitment(ref Reader from) =>
        new(Values.MaybeShared(ref from), from.MaybeNumber(), from.MaybeMoney(), from.MaybeMoney(), from.Bool());

    private static void Write(Writer to, Rollover value) { to.Money(value.Max); to.MaybeNumber(value.Periods); }
    private static Rollover ReadRollover(ref Reader from) => new(from.Money(), (int?)from.MaybeNumber());

    private static void Write(Writer to, Pack value)
    {
        to.Text(value.Id); to.Money(value.Credits); to.Money(value.Price); to.MaybeNumber(value.ExpiresAfter?.Ticks);
    }

    private static Pack ReadPack(ref Reader from) => new(Values.Shared(ref from), from.Money(), from.Money(),
        from.MaybeNumber() is { } ticks ? new TimeSpan(ticks) : null);

    private static void Write(Writer to, OverageRule value)
    {
        to.Bool(value.Bills is not null);
        if (value.Bills is { } bills) to.Bool(bills);
        to.MaybeMoney(value.Price); Values.Write(to, value.Limit); to.Bool(value.RequiresAuthorization);
        Values.Write(to, value.AtLimit);
    }

    private static OverageRule ReadOverage(ref Reader from) =>
        new(from.Bool() ? from.Bool() : null, from.MaybeMoney(), Values.MaybeLimit(ref from), from.Bool(),
            Values.ReadAtLimit(ref from));

    private static void Write(Writer to,
        ActivityType value) { to.Text(value.Id); to.MaybeMoney(value.Price); to.MaybeText(value.Description); }

    private static ActivityType ReadActivity(ref Reader from) =>
        new() { Id = Values.Shared(ref from), Price = from.MaybeMoney(), Description = from.MaybeText() };

    private static void Write(Writer to,
        Training value) { to.MaybeNumber(value.Days); to.MaybeTime(value.Until); to.MaybeNumber(value.MaxOutcomes); }

    private static Training ReadTraining(ref Reader from) => new((int?)from.MaybeNumber(), from.MaybeTime(),
        from.MaybeNumber());
}
