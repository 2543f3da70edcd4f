using System.Text.Json;

namespace MeteringGateway.Journal;

/// <summary>
/// An entry of a line as <see cref="Api.Outcomes.RawLine"/> writes it.
/// </summary>
/// <param name="Hash">After it, as the line says.</param>
internal sealed record RawEntry(string Tenant, long Sequence, byte[] Bytes, byte[] Hash)
{
    /// <exception cref="CommandException">It is not such a line.</exception>
    public static RawEntry Read(string line, int number)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            return new RawEntry(root.GetProperty("tenant").GetString()!, root.GetProperty("sequence").GetInt64(),
                root.GetProperty("bytes").GetBytesFromBase64(),
                Convert.FromHexString(root.GetProperty("hash").GetString()!));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentNullException)
        {
            throw new CommandException($"line {number} of the entries is not one of 'metering journal --raw'", e);
        }
    }
}
