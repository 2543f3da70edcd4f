using System.Runtime.InteropServices;

namespace MeteringGateway.Core;

/// <summary>An outcome but for its texts: 52 bytes without a reference.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct OutcomeRow
{
    /// <summary><see cref="Kind"/> of one that has left.</summary>
    public const int Vacant = -1;

    /// <summary><see cref="Kind"/> of one that has what no row can hold: it is kept as it is.</summary>
    public const int Whole = -2;

    /// <summary><see cref="ClosesAfter"/> where no window is known.</summary>
    public const uint Never = uint.MaxValue;

    /// <summary><see cref="Confidence"/> where none was told.</summary>
    public const int NoConfidence = -1;

    public long Time;
    public long ReportedBy;
    /// <summary>Entries from its report to its only change; 0: there was none.</summary>
    public uint ChangedAfter;
    /// <summary>Milliseconds from its time to its window's end.</summary>
    public uint ClosesAfter;
    public int Kind;
    public int Quantity;
    /// <summary>Of the verification as reported, in millionths.</summary>
    public int Confidence;
    /// <summary>Where its texts are in its page.</summary>
    public int Text;
    /// <summary>One more than their number; 0: not fixed yet.</summary>
    public int Charges;
    public uint Place;
    public byte Day;
    public OutcomeStatus Status;
    public Reason Reason;
    public byte Marks;

    private const byte EndBits = 7, AdmittedBit = 8, ContactShift = 4, SettledAtOnceBit = 64, SettledLaterBit = 128;

    public readonly WindowEnd End => (WindowEnd)(Marks & EndBits);
    public readonly bool Admitted => (Marks & AdmittedBit) != 0;
    public readonly Contact Contact => (Contact)(Marks >> ContactShift & 3);
    public readonly long ChangedBy => ReportedBy + ChangedAfter;
    public readonly bool IsChanged => ChangedAfter != 0;
    public readonly long SettledBy => (Marks & SettledAtOnceBit) != 0 ? ReportedBy
        : (Marks & SettledLaterBit) != 0 ? ChangedBy : 0;

    /// <summary>A row can hold all there is to it.</summary>
    public static bool CanHold(Outcome o)
    {
        var closes = o.ClosesAt?.UnixMilliseconds - o.Time.UnixMilliseconds;
        return o is { ContinuationOf: null, Dispute: null, Credit: null, Drawn: 0, Facts.IsEmpty: true }
            && o.Opened == o.Time && o.Day is >= 0 and <= byte.MaxValue && (byte)o.End <= EndBits
            && o.Place is >= 0 and <= uint.MaxValue && closes is null or (>= 0 and < Never) && o.ChangedBy.Count <= 1
            && o.LastSequence - o.ReportedBy <= uint.MaxValue
            && (o.SettledBy == 0 || o.SettledBy == o.ReportedBy || o.SettledBy == o.LastSequence);
    }

    /// <param name="kind">Its number.</param>
    /// <param name="charges">One more than their number.</param>
    public void Take(Outcome o, int kind, int charges)
    {
        (Kind, Quantity, Charges, Place) = (kind, o.Quantity, charges, (uint)o.Place);
        ChangedAfter = (uint)(o.LastSequence - o.ReportedBy);
        ClosesAfter = o.ClosesAt is { } at ? (uint)(at.UnixMilliseconds - o.Time.UnixMilliseconds) : Never;
        Confidence = o.Verification?.Confidence ?? NoConfidence;
        (Day, Status, Reason) = ((byte)o.Day, o.Status, o.Reason);
        Marks = (byte)((byte)o.End | (o.Admitted ? AdmittedBit : 0) | (byte)o.Contact << ContactShift
            | (o.SettledBy == 0 ? 0 : o.SettledBy == o.ReportedBy ? SettledAtOnceBit : SettledLaterBit));
    }
}
