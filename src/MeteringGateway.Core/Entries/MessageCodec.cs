using System.Buffers;

namespace MeteringGateway.Core;

/// <summary>
/// The form in which the messages that go between silos most travel: a question and its decision, a report and its
/// answer. Version, kind, then the members in the order of the record. Members are only ever added at the end: bytes
/// beyond those that are known here are skipped, and a member that is missing has the value that it had before there
/// was one. Anything else is a new version, which is written only to those who read it.
/// </summary>
public static class MessageCodec
{
    /// <summary>The highest that is read here, and the one that is written.</summary>
    public const byte Version = 1;

    [ThreadStatic] private static Writer? _scratch;

    private enum Kind : byte { Question = 1, Decision = 2, ReportOutcome = 3, Accepted = 4 }

    public static bool Knows(Type type) =>
        type == typeof(Question) || type == typeof(Decision) || type == typeof(Command.ReportOutcome)
        || type == typeof(Answer.Accepted);

    /// <exception cref="ArgumentException">It is of another type than <see cref="Knows"/> says.</exception>
    public static void Write(IBufferWriter<byte> to, object message)
    {
        var writer = _scratch ??= new Writer();
        writer.Clear();
        writer.Byte(Version);
        switch (message)
        {
            case Question question: writer.Byte((byte)Kind.Question); Values.Write(writer, question); break;
            case Decision decision: writer.Byte((byte)Kind.Decision); Write(writer, decision); break;
            case Command.ReportOutcome report: writer.Byte((byte)Kind.ReportOutcome); Write(writer, report); break;
            case Answer.Accepted accepted: writer.Byte((byte)Kind.Accepted); Write(writer, accepted); break;
            default: throw new ArgumentException($"a {message.GetType().Name} does not travel like this",
                nameof(message));
        }
        to.Write(writer.Written);
    }

    /// <exception cref="FormatException">The bytes are not a message of a version known here.</exception>
    public static object Read(ReadOnlySpan<byte> bytes)
    {
        var from = new Reader(bytes);
        if (from.Byte() is var version and not Version)
            throw new FormatException($"message version {version} is not known here");
        return (Kind)from.Byte() switch
        {
            Kind.Question => Values.ReadQuestion(ref from),
            Kind.Decision => ReadDecision(ref from),
            Kind.ReportOutcome => ReadReport(ref from),
            Kind.Accepted => ReadAccepted(ref from),
            var kind => throw new FormatException($"message kind {kind} is not known here"),
        };
    }

    private static void Write(Writer to, Command.ReportOutcome r)
    {
        Values.Write(to, r.Id); to.Fixed(r.Fingerprint); to.MaybeTime(r.Time); to.Text(r.OutcomeType);
        to.Text(r.OutcomeId);
        to.Number(r.Quantity); to.Byte((byte)r.Result); to.MaybeText(r.Session); Values.Write(to, r.Dimensions);
        to.MaybeText(r.Reservation); Values.Write(to, r.CriteriaMet); to.Bool(r.HandedOff); to.Bool(r.Sandbox);
        to.Maybe(r.Verification, Values.Write); to.Maybe(r.Detail, Write); to.Maybe(r.Actor, Values.Write);
        to.Fixed(r.Customer);
    }

    private static Command.ReportOutcome ReadReport(ref Reader from)
    {
        var id = Values.ReadEventId(ref from);
        _ = id.Key; // here, rather than in the tenant's turn
        var fingerprint = from.Fixed();
        return new Command.ReportOutcome(id, from.MaybeTime(), Values.Shared(ref from), from.TextLike(id.Id))
        {
            Fingerprint = fingerprint, Quantity = from.Int(), Result = (Result)from.Byte(), Session = from.MaybeText(),
            Dimensions = Values.ReadDimensions(ref from), Reservation = from.MaybeText(),
            CriteriaMet = Values.ReadTexts(ref from), HandedOff = from.Bool(), Sandbox = from.Bool(),
            Verification = from.Maybe(Values.ReadVerification), Detail = from.Maybe(ReadDetail),
            Actor = from.Maybe(Values.ReadActor), Customer = from.AtEnd ? 0 : from.Fixed(),
        };
    }

    private static void Write(Writer to, Decision value)
    {
        Values.Write(to, value); to.MaybeTime(value.At); to.MaybeText(value.Currency);
    }

    private static Decision ReadDecision(ref Reader from)
    {
        var decision = Values.ReadDecision(ref from);
        return decision with
        {
            At = from.AtEnd ? null : from.MaybeTime(), Currency = from.AtEnd ? null : from.MaybeText(),
        };
    }

    private static void Write(Writer to, Detail value)
    {
        to.Bytes(value.Json); to.Bytes(value.Salt); to.MaybeText(value.EndCustomer);
    }

    private static Detail ReadDetail(ref Reader from) => new(from.Bytes(), from.Bytes(), from.MaybeText());

    private static void Write(Writer to, Answer.Accepted value)
    {
        to.Number(value.Sequence); to.Bool(value.Duplicate); to.Maybe(value.Outcome, Values.Write);
        to.MaybeNumber(value.Remaining);
    }

    private static Answer.Accepted ReadAccepted(ref Reader from)
    {
        var sequence = from.Number();
        return new Answer.Accepted(from.Bool(), from.Maybe(Values.ReadSummary), from.MaybeNumber())
            { Sequence = sequence };
    }
}
