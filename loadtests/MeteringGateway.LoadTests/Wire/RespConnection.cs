using System.Globalization;
using System.Text;

namespace MeteringGateway.LoadTests.Wire;

/// <summary>Redis' protocol, pipelined: a request is any number of commands, each answered by one line.</summary>
public sealed class RespConnection(int port, int pipelined) : Connection(port)
{
    private int _seen;
    private int _lines;

    /// <summary>A command as an array of bulk strings.</summary>
    public static byte[] Format(params ReadOnlySpan<string> words)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (var word in words)
            text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>
    /// Sends one command and waits; the answer without its type. Bulk strings are not needed and not read.
    /// </summary>
    public static string Ask(int port, params ReadOnlySpan<string> words)
    {
        using var connection = new RespConnection(port, 1);
        connection.Send(Format(words));
        while (!connection.Receive()) { }
        var text = Encoding.UTF8.GetString(connection.Received);
        return text[0] == '$' ? text[(text.IndexOf('\n') + 1)..].Trim() : text[1..].Trim();
    }

    protected override void Begin() => (_seen, _lines) = (0, 0);

    protected override bool IsComplete(ReadOnlySpan<byte> received)
    {
        for (int at; (at = received[_seen..].IndexOf((byte)'\n')) >= 0; _lines++)
        {
            if (received[_seen] == '-')
                throw new IOException("Redis answered " + Encoding.UTF8.GetString(received[_seen..(_seen + at)]));
            // A bulk string's length announces one more line.
            if (received[_seen] == '$') _lines--;
            _seen += at + 1;
        }
        return _lines >= pipelined;
    }
}
