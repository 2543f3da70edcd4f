using System.Buffers.Binary;
using System.Text;

namespace MeteringGateway.Api.Events;

/// <summary>
/// What tells two events with the same source and id apart (I1): a 64-bit hash over the members that matter to billing,
/// each with its length, so that no two contents give the same bytes. Urls, notes, metadata and the end customer are
/// not among them, nor is the order of the criteria. It need not withstand an attack: who sends one id with two
/// contents made to meet fools only himself.
/// </summary>
/// <remarks>Journals hold it: what is written here may not change.</remarks>
internal static class Fingerprint
{
    /// <param name="timed">False: its own time does not count, as with a verdict (O8).</param>
    public static ulong Of(EventFields fields, bool timed = true)
    {
        var writer = new Writer(stackalloc byte[1024]);
        writer.Number((long)fields.Type);
        writer.Number(timed ? fields.Time?.UnixMilliseconds : null);
        writer.Text(fields.OutcomeId);
        writer.Text(fields.OutcomeType ?? fields.Activity);
        writer.Number(fields.Quantity);
        writer.Number((long)fields.Result);
        writer.Text(fields.Session);
        writer.Text(fields.Agent);
        writer.Text(fields.Channel);
        writer.Text(fields.Workflow);
        writer.Text(fields.Reservation);
        writer.Number(fields.Criteria.Length);
        foreach (var criterion in fields.Criteria) writer.Text(criterion);
        writer.Number(fields.HandedOff ? 1 : 0);
        writer.Number(fields.Sandbox ? 1 : 0);
        writer.Text(fields.Method);
        writer.Number(fields.HasVerification ? fields.Passed ? 1 : 0 : null);
        writer.Number(fields.Confidence);
        writer.Number(fields.Accepted is { } accepted ? accepted ? 1 : 0 : null);
        writer.Number(fields.Csat);
        return Words.Hash(writer.Written);
    }

    private ref struct Writer(Span<byte> start)
    {
        private Span<byte> _buffer = start;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

        public void Number(long? value)
        {
            Room(9);
            _buffer[_length] = value is null ? (byte)0 : (byte)1;
            BinaryPrimitives.WriteInt64BigEndian(_buffer[(_length + 1)..], value ?? 0);
            _length += 9;
        }

        public void Text(string? value)
        {
            Room(4 + (3 * (value?.Length ?? 0)));
            var bytes = value is null ? -1 : Encoding.UTF8.GetBytes(value, _buffer[(_length + 4)..]);
            BinaryPrimitives.WriteInt32BigEndian(_buffer[_length..], bytes);
            _length += 4 + Math.Max(bytes, 0);
        }

        private void Room(int more)
        {
            if (_buffer.Length - _length >= more) return;
            var larger = new byte[Math.Max(_buffer.Length * 2, _length + more)];
            Written.CopyTo(larger);
            _buffer = larger;
        }
    }
}
