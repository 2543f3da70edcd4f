using System.Globalization;
using System.Text;
using MeteringGateway.Api.Json;

namespace MeteringGateway.Api.Signals;

/// <summary>
/// How far a stream has come in each of its tenants; as one opaque id, so that one header continues them all.
/// </summary>
internal sealed class StreamPosition
{
    private readonly SortedDictionary<string, long> _sequences = new(StringComparer.Ordinal);

    public long? this[string tenant] => _sequences.TryGetValue(tenant, out var sequence) ? sequence : null;

    public void Set(string tenant, long sequence) => _sequences[tenant] = sequence;

    public string Write()
    {
        var text = new StringBuilder();
        foreach (var (tenant, sequence) in _sequences) text.Append(text.Length > 0 ? "&" : "").Append(tenant)
            .Append('=').Append(Text.Of(sequence));
        return Cursors.Write(text.ToString());
    }

    /// <summary>Null when it is not one of ours.</summary>
    public static StreamPosition? Read(string id)
    {
        if (Cursors.Read(id) is not { } text) return null;
        var position = new StreamPosition();
        foreach (var pair in text.Split('&'))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at < 0 || !Ids.IsId(pair.AsSpan(0, at))) return null;
            if (!long.TryParse(pair.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
                return null;
            position.Set(pair[..at], sequence);
        }
        return position;
    }
}
