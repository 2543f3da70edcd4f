using System.Globalization;

namespace MeteringGateway.Tests;

/// <summary>Real bytes, altered at random: what a decoder must read or refuse.</summary>
public static class Mutations
{
    /// <summary>How many inputs a test makes: METERING_FUZZ, else 20,000.</summary>
    public static int Count { get; } = int.TryParse(Environment.GetEnvironmentVariable("METERING_FUZZ"),
        CultureInfo.InvariantCulture, out var wanted) ? wanted : 20_000;

    /// <summary>A copy with up to four changes: bits, bytes, lengths that are too large, pieces that are missing, come
    /// twice or stand elsewhere.</summary>
    public static byte[] Of(byte[] sample, Random random)
    {
        var bytes = new List<byte>(sample);
        for (var times = 1 + random.Next(4); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            var some = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(9))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveAt(at); break;
                case 3: bytes.RemoveRange(at, bytes.Count - at); break;
                case 4: bytes.RemoveRange(at, some); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(at, some)); break;
                case 6: bytes.AddRange(bytes.GetRange(at, some)); break;
                // The largest numbers as they are written in so many bytes, and one that is too long.
                case 7: bytes.InsertRange(at, Enumerable.Repeat((byte)0xFF, random.Next(1, 11))); break;
                default: for (var i = 0; i < some; i++) bytes[at + i] = (byte)random.Next(256); break;
            }
        }
        return [.. bytes];
    }

    /// <summary>The same of a text, character by character.</summary>
    public static string Of(string sample, Random random) =>
        System.Text.Encoding.Latin1.GetString(Of(System.Text.Encoding.Latin1.GetBytes(sample), random));
}
