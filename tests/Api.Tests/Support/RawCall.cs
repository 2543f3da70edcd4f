using System.Net.Sockets;
using System.Text;

namespace MeteringGateway.Api.Tests.Support;

/// <summary>
/// A call over a bare socket: its body is sent, and its answer read, piece by piece as the test says.
/// </summary>
public sealed class RawCall : IDisposable
{
    private readonly TcpClient _socket = new();
    private readonly StringBuilder _heard = new();

    private RawCall()
    {
    }

    /// <param name="mediaType">Null: a request without a body.</param>
    /// <param name="expects">Asks to be told when the body is wanted; see <see cref="IsHeard"/>.</param>
    public static async Task<RawCall> Open(Gateway gateway, string method, string path, string? mediaType,
        string key = Gateway.AdminKey, bool expects = false)
    {
        var call = new RawCall();
        await call._socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        var body = mediaType is null ? "" : $"Content-Type: {mediaType}\r\nTransfer-Encoding: chunked\r\n";
        if (expects) body += "Expect: 100-continue\r\n";
        await call.Write(
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{body}\r\n");
        return call;
    }

    /// <summary>The endpoint has begun to read the body.</summary>
    public Task IsHeard() => HearUntil("100 Continue");

    public Task Say(string text) => Write($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    public Task End() => Write("0\r\n\r\n");

    /// <summary>Everything heard so far, once this is in it.</summary>
    public async Task<string> HearUntil(string text)
    {
        var buffer = new byte[4096];
        while (!_heard.ToString().Contains(text, StringComparison.Ordinal))
        {
            var count = await _socket.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
            if (count == 0) throw new EndOfStreamException($"closed after: {_heard}");
            _heard.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
        return _heard.ToString();
    }

    public void Dispose() => _socket.Dispose();

    private Task Write(string text) => _socket.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();
}
