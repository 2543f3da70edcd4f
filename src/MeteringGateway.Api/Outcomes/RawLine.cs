using System.Buffers;
using System.Text.Json;

namespace MeteringGateway.Api.Outcomes;

/// <summary>
/// An entry as one line of JSON with the bytes that are chained, so that anybody can chain them again: what
/// <c>metering verify --entries</c> reads.
/// </summary>
public static class RawLine
{
    /// <exception cref="JournalCorruptException">It cannot be written as it was chained.</exception>
    public static byte[] Of(string tenant, JournalEntry entry)
    {
        var (bytes, hash) = (new ArrayBufferWriter<byte>(), new byte[Chain.HashLength]);
        EntryCodec.Write(bytes, entry.Entry);
        Chain.Next(entry.PreviousHash, bytes.WrittenSpan, hash);
        return hash.AsSpan().SequenceEqual(entry.Hash)
            ? Of(tenant, entry.Sequence, entry.Entry, bytes.WrittenSpan, hash)
            : throw new JournalCorruptException(tenant, entry.Sequence, "the entry is not written as it was read");
    }

    /// <summary>UTF-8, with the end of the line.</summary>
    public static byte[] Of(string tenant, long sequence, Entry entry, ReadOnlySpan<byte> bytes, byte[] hash)
    {
        var line = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("tenant", tenant);
            json.WriteNumber("sequence", sequence);
            json.WriteString("at", entry.At.ToString());
            json.WriteString("kind", EntryCodec.Name(entry));
            json.WriteString("hash", Convert.ToHexStringLower(hash));
            json.WriteBase64String("bytes", bytes);
            json.WriteEndObject();
        }
        line.Write("\n"u8);
        return line.WrittenSpan.ToArray();
    }
}
