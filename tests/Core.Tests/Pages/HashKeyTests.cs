using System.Text;

namespace MeteringGateway.Core.Tests.Pages;

public sealed class HashKeyTests
{
    private static readonly HashKey Key = new(0x0706050403020100, 0x0f0e0d0c0b0a0908);

    /// <summary>The first of the published vectors, of no bytes.</summary>
    [Fact]
    public void It_is_SipHash_1_3() => Assert.Equal(0x050fc4dc, Key.Of(""));

    [Fact]
    public void Names_of_every_length_and_keys_part()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(length => new string('a', length)),
            .. Enumerable.Range(0, 40).Select(at => new string('a', at) + 'b' + new string('a', 40 - at))];
        HashKey[] keys = [Key, Key with { First = 1 }, Key with { Second = 1 }, HashKey.OfProcess];
        foreach (var name in names) Assert.Equal(Key.Of(name), Key.Of(Encoding.ASCII.GetBytes(name).AsSpan()));
        Assert.Equal(names.Length * keys.Length, keys.SelectMany(key => names.Select(key.Of)).Distinct().Count());
    }
}
