using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Signals;

/// <summary>
/// How far a stream has come in each of its tenants; as one opaque id, so that one header continues them all. The id
/// names no tenant, so that many of them do not make it long: it continues a stream of the same tenants, and one of
/// others begins anew.
/// </summary>
internal sealed class StreamPosition
{
    private const byte Version = 1;
    private const int LongestId = 4096;
    private const int HashLength = 8;

    private readonly string[] _tenants;
    private readonly long[] _sequences; // 0: nothing was told yet
    private readonly byte[] _bytes; // version and hash, then room for the sequences

    public StreamPosition(IEnumerable<string> tenants)
    {
        _tenants = [.. tenants.Order(StringComparer.Ordinal)];
        _sequences = new long[_tenants.Length];
        _bytes = new byte[1 + HashLength + _tenants.Length * 10];
        _bytes[0] = Version;
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', _tenants))).AsSpan(0, HashLength)
            .CopyTo(_bytes.AsSpan(1));
    }

    /// <summary>Null: nothing of it was told.</summary>
    public long? this[string tenant] => _sequences[IndexOf(tenant)] is var sequence and > 0 ? sequence : null;

    public void Set(string tenant, long sequence) => _sequences[IndexOf(tenant)] = sequence;

    public string Write()
    {
        var at = 1 + HashLength;
        foreach (var sequence in _sequences)
        {
            var rest = (ulong)sequence;
            for (; rest >= 0x80; rest >>= 7) _bytes[at++] = (byte)(rest | 0x80);
            _bytes[at++] = (byte)rest;
        }
        return Base64Url.EncodeToString(_bytes.AsSpan(0, at));
    }

    /// <summary>Goes on from an id that <see cref="Write"/> gave. False when it is not one of ours.</summary>
    public bool Continue(string id)
    {
        if (id.Length is 0 or > LongestId || Base64Text.Read(id) is not { } bytes) return false;
        // The first ids named tenants, and continued what did not say what it stops: such a reader begins anew.
        if (bytes.Length == 0 || bytes[0] != Version) return bytes.AsSpan().Contains((byte)'=');
        if (bytes.Length < 1 + HashLength) return false;
        if (!bytes.AsSpan(1, HashLength).SequenceEqual(_bytes.AsSpan(1, HashLength))) return true;
        var told = new long[_sequences.Length];
        var at = 1 + HashLength;
        for (var i = 0; i < told.Length; i++) if (!TryRead(bytes, ref at, out told[i])) return false;
        if (at != bytes.Length) return false;
        told.CopyTo(_sequences, 0);
        return true;
    }

    private int IndexOf(string tenant) => Array.BinarySearch(_tenants, tenant, StringComparer.Ordinal);

    private static bool TryRead(byte[] bytes, ref int at, out long value)
    {
        value = 0;
        for (var shift = 0; shift < 63 && at < bytes.Length; shift += 7)
        {
            var part = bytes[at++];
            value |= (long)(part & 0x7F) << shift;
            if (part < 0x80) return true;
        }
        return false;
    }
}
