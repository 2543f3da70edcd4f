using System.Buffers.Binary;
using System.Text;
using MeteringGateway.Core;

namespace MeteringGateway.Cluster;

/// <summary>
/// A row's members in one value, as Redis keeps it: of each its length plus one as four bytes, lowest first (0 says
/// that there is none), then its bytes. Members are only ever added at the end.
/// </summary>
internal static class Packed
{
    private const int LengthSize = sizeof(int);

    /// <summary>
    /// As <c>Scripts.Archived</c> reads it: period, status, reason, and the lengths of type and session (this one:
    /// none).
    /// </summary>
    private const int ArchivedHead = 10;
    private const ushort NoSession = ushort.MaxValue;

    public static byte[] Pack(params ReadOnlySpan<byte[]?> members)
    {
        var length = 0;
        foreach (var member in members) length += LengthSize + (member?.Length ?? 0);
        var bytes = new byte[length];
        var rest = bytes.AsSpan();
        foreach (var member in members)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, member is null ? 0 : member.Length + 1);
            member?.CopyTo(rest[LengthSize..]);
            rest = rest[(LengthSize + (member?.Length ?? 0))..];
        }
        return bytes;
    }

    public static byte[]?[] Unpack(ReadOnlySpan<byte> bytes)
    {
        var members = new List<byte[]?>();
        while (!bytes.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes) - 1;
            members.Add(length < 0 ? null : bytes.Slice(LengthSize, length).ToArray());
            bytes = bytes[(LengthSize + Math.Max(length, 0))..];
        }
        return [.. members];
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(byte[]? bytes) => Encoding.UTF8.GetString(bytes!);

    public static byte[] Number(long number)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }

    public static long Number(byte[]? bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes!);

    /// <summary>An archived outcome: what lists filter by, in a form that Lua reads, and then its bytes.</summary>
    public static byte[] Archived(OutcomeFigure outcome, byte[] bytes) => Archived(outcome.Period, outcome.Status,
        outcome.Reason, outcome.OutcomeType, outcome.Session, bytes);

    public static byte[] Archived(DateOnly period, OutcomeStatus status, Reason reason, string outcomeType,
        string? ofSession, byte[] bytes)
    {
        var type = Text(outcomeType);
        var session = ofSession is null ? null : Text(ofSession);
        var packed = new byte[ArchivedHead + type.Length + (session?.Length ?? 0) + bytes.Length];
        BinaryPrimitives.WriteInt32LittleEndian(packed, period.DayNumber);
        (packed[4], packed[5]) = ((byte)status, (byte)reason);
        BinaryPrimitives.WriteUInt16LittleEndian(packed.AsSpan(6), checked((ushort)type.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(packed.AsSpan(8),
            session is null ? NoSession : checked((ushort)session.Length));
        type.CopyTo(packed, ArchivedHead);
        session?.CopyTo(packed, ArchivedHead + type.Length);
        bytes.CopyTo(packed, packed.Length - bytes.Length);
        return packed;
    }

    /// <summary>The outcome's bytes.</summary>
    public static byte[] Archived(byte[] packed)
    {
        int type = BinaryPrimitives.ReadUInt16LittleEndian(packed.AsSpan(6)),
        session = BinaryPrimitives.ReadUInt16LittleEndian(packed.AsSpan(8));
        return packed[(ArchivedHead + type + (session == NoSession ? 0 : session))..];
    }
}
