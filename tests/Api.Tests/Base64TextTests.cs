using System.Text;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Signals;

namespace MeteringGateway.Api.Tests;

/// <summary>What the gateway gave as base64url is taken in that one text, and in no other of the same bytes.</summary>
public class Base64TextTests
{
    [Theory]
    [InlineData("=")]
    [InlineData("==")]
    [InlineData(" ")]
    [InlineData("\n")]
    public void A_cursor_with_padding_or_white_space_is_none_of_ours(string more)
    {
        foreach (var text in (string[])["1", "12", "123", "1234"])
        {
            var cursor = Cursors.Write(text);
            Assert.Equal(text, Cursors.Read(cursor));
            Assert.Null(Cursors.Read(cursor + more));
            Assert.Null(Cursors.Read(more + cursor));
        }
        var position = new StreamPosition(["acme"]);
        position.Set("acme", 7);
        Assert.True(new StreamPosition(["acme"]).Continue(position.Write()));
        Assert.False(new StreamPosition(["acme"]).Continue(position.Write() + more));
    }

    [Fact]
    public void Spare_bits_make_no_second_text()
    {
        Assert.Equal(Encoding.UTF8.GetBytes("1"), Bytes("MQ"));
        Assert.Null(Bytes("MR"));
        Assert.Null(Bytes("M"));
        Assert.Null(Bytes("MQ/+"));

        static byte[]? Bytes(string text) =>
            Cursors.Read(text) is { } read ? Encoding.UTF8.GetBytes(read) : null;
    }
}
