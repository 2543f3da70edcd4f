using System.Security.Cryptography;

namespace MeteringGateway.Core.Tests.Values;

public sealed class Sha256Tests
{
    [Fact]
    public void It_is_that_of_the_standard_whatever_the_length_and_whatever_came_before()
    {
        Span<byte> hash = stackalloc byte[Sha256.Length];
        for (var length = 0; length <= 300; length++)
        {
            var bytes = RandomNumberGenerator.GetBytes(length);
            Sha256.Hash(bytes, hash);
            Assert.Equal(SHA256.HashData(bytes), hash);
            Sha256.Hash(bytes.AsSpan(0, length / 3), bytes.AsSpan(length / 3), hash);
            Assert.Equal(SHA256.HashData(bytes), hash);
        }
    }

    [Fact]
    public void The_hash_may_take_the_place_of_what_was_hashed()
    {
        var chain = RandomNumberGenerator.GetBytes(Sha256.Length);
        byte[] entry = [1, 2, 3];
        var expected = SHA256.HashData([.. chain, .. entry]);
        Sha256.Hash(chain, entry, chain);
        Assert.Equal(expected, chain);
    }
}
