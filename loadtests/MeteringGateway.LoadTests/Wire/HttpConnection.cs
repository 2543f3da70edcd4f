using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace MeteringGateway.LoadTests.Wire;

/// <summary>
/// HTTP/1.1 with keep-alive, as much of it as a load driver needs: it reads status, length and chunks.
/// </summary>
public sealed class HttpConnection(int port) : Connection(port)
{
    private int _body = -1;
    private int _length;
    private bool _chunked;

    public int Status { get; private set; }

    /// <summary>The last response's body; of a chunked one, with its chunk sizes.</summary>
    public ReadOnlySpan<byte> Body => Received[_body..];

    /// <summary>A whole request, to be sent as often as wanted.</summary>
    public static byte[] Format(string method, string path, string? key, string contentType, ReadOnlySpan<byte> body)
    {
        var authorization = key is null ? "" : $"Authorization: Bearer {key}\r\n";
        var head = string.Create(CultureInfo.InvariantCulture,
            $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Content-Type: {contentType}\r\nContent-Length: {body.Length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    protected override void Begin() => _body = -1;

    protected override bool IsComplete(ReadOnlySpan<byte> received)
    {
        if (_body < 0 && !ReadHead(received)) return false;
        var complete = _chunked ? EndsChunked(received[_body..]) : received.Length >= _body + _length;
        if (complete && Status is < 200 or > 299)
            throw new IOException(
                $"the server answered {Status}: {Encoding.UTF8.GetString(Body[..Math.Min(Body.Length, 400)])}");
        return complete;
    }

    private bool ReadHead(ReadOnlySpan<byte> received)
    {
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var head = received[..(end + 2)];
        if (!Utf8Parser.TryParse(head[9..12], out int status, out _)) throw new IOException("no status line");
        Status = status;
        _chunked = head.IndexOf("\r\nTransfer-Encoding: chunked\r\n"u8) >= 0;
        _length = 0;
        var at = head.IndexOf("\r\nContent-Length: "u8);
        if (at >= 0 && !Utf8Parser.TryParse(head[(at + 18)..], out _length, out _)) throw new IOException("no length");
        _body = end + 4;
        return true;
    }

    private static bool EndsChunked(ReadOnlySpan<byte> body)
    {
        while (true)
        {
            var line = body.IndexOf("\r\n"u8);
            if (line < 0 || !Utf8Parser.TryParse(body, out int size, out _, 'x')) return false;
            var next = line + 2 + size + 2;
            if (body.Length < next) return false;
            if (size == 0) return true;
            body = body[next..];
        }
    }
}
