using System.Security.Cryptography;

namespace MeteringGateway.Engine.Tests;

/// <summary>The binary form that <c>docs/journal.md</c> describes.</summary>
public sealed class JournalTests
{
    [Fact]
    public void The_chain_begins_with_its_name_and_the_tenant() =>
        Assert.Equal(SHA256.HashData("metering-journal-v1\0acme"u8), Chain.Genesis("acme"));

    [Fact]
    public void Each_hash_covers_the_one_before_and_the_entry()
    {
        var previous = Chain.Genesis("acme");
        foreach (var length in (int[])[1, 100, 991, 992, 993, 70_000])
        {
            var entry = RandomNumberGenerator.GetBytes(length);
            var hash = new byte[32];
            Chain.Next(previous, entry, hash);
            Assert.Equal(SHA256.HashData([.. previous, .. entry]), hash);
            previous = hash;
        }
    }

    [Fact]
    public void A_block_gives_back_what_was_put_in()
    {
        byte[][] entries = [.. ((int[])[1, 127, 128, 300, 16_383, 16_384, 100_000])
            .Select(RandomNumberGenerator.GetBytes)];
        using var writer = new BlockWriter();
        foreach (var entry in entries) writer.Add(entry);

        Assert.Equal(entries, Read(writer.Written.Span));
        // 128, after entries of 1 and 127 bytes
        Assert.Equal([0x80, 0x01], writer.Written.Span.Slice(2 + 128, 2).ToArray());
    }

    [Theory]
    [InlineData(new byte[] { 3, 1, 2 })]                              // ends within an entry
    [InlineData(new byte[] { 1, 9, 0x80 })]                           // ends within a length
    [InlineData(new byte[] { 0 })]                                    // no entry is empty
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1 })]      // more than there can be
    [InlineData(new byte[] { 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1 })] // a length of more than five bytes
    public void A_block_that_does_not_end_with_a_frame_is_refused(byte[] block) =>
        Assert.Throws<FormatException>(() => Read(block));

    private static List<byte[]> Read(ReadOnlySpan<byte> block)
    {
        var entries = new List<byte[]>();
        var reader = new BlockReader(block);
        while (reader.TryRead(out var entry)) entries.Add(entry.ToArray());
        return entries;
    }
}
