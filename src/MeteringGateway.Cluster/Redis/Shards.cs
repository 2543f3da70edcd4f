using System.Globalization;
using System.Text;

namespace MeteringGateway.Cluster;

/// <summary>
/// Which keys lie together in a Redis Cluster. A tenant belongs to one of <see cref="Count"/> shards for good, by its
/// id alone, and all keys of a shard have one hash tag, so that one master has them. Shard <c>i</c> lies in one of the
/// slots from 64 <c>i</c> to 64 <c>i</c> + 63: a master with a quarter of the slots has a quarter of the shards.
/// </summary>
internal static class Shards
{
    /// <summary>Of a store for good: the keys of another number would be other keys.</summary>
    public const int Count = 256;
    private const int Slots = 16_384;

    /// <summary>The hash tag of each shard: the first number from 0 on that lies where the shard does.</summary>
    private static readonly string[] Tags = Choose();

    /// <summary>What the keys of a shard begin with, before a colon.</summary>
    public static string Prefix(string prefix, int shard) => Tagged(prefix, Tags[shard]);

    /// <summary>What keys begin with that are no tenant's: plans, keys, webhooks and their deliveries.</summary>
    public static string BooksPrefix(string prefix) => Tagged(prefix, "books");

    public static int Of(string id) => Crc16(id) % Count;

    /// <summary>The slot of a key with this hash tag.</summary>
    public static int Slot(string tag) => Crc16(tag) % Slots;

    private static string Tagged(string prefix, string tag) => $"{prefix}:{{{tag}}}";

    private static string[] Choose()
    {
        var tags = new string[Count];
        for (var (number, left) = (0, Count); left > 0; number++)
        {
            var tag = number.ToString(CultureInfo.InvariantCulture);
            ref var place = ref tags[Slot(tag) / (Slots / Count)];
            if (place is not null) continue;
            place = tag;
            left--;
        }
        return tags;
    }

    /// <summary>CRC-16/XMODEM, by which Redis Cluster tells slots.</summary>
    private static int Crc16(string text)
    {
        var crc = 0;
        foreach (var one in Encoding.UTF8.GetBytes(text))
        {
            crc ^= one << 8;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 0x8000) == 0 ? crc << 1 : (crc << 1) ^ 0x1021;
        }
        return crc & 0xFFFF;
    }
}
