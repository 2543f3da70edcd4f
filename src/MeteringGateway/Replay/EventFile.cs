using System.Text.Json;
using MeteringGateway.Core;

namespace MeteringGateway.Replay;

/// <summary>
/// A line of the file, as far as the replay needs to understand it; what it does not understand, the gateway refuses.
/// </summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Bytes">Length in the file, its end included.</param>
internal sealed record EventLine(int Number, string Text, int Bytes, string? Tenant, Instant? Time);

/// <summary>A file of events, read as it is sent.</summary>
internal sealed class EventFile : IDisposable
{
    private readonly TextReader _reader;
    private int _number;

    public EventFile(string path)
    {
        try
        {
            if (path == "-") _reader = Console.In;
            else (_reader, Length) = (new StreamReader(path), new FileInfo(path).Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cannot read {path}: {e.Message}", e);
        }
    }

    /// <summary>Bytes; null for standard input, which has no known end.</summary>
    public long? Length { get; }

    /// <summary>The next line that is not blank; null at the end.</summary>
    public async Task<EventLine?> Next(CancellationToken cancellation)
    {
        while (await _reader.ReadLineAsync(cancellation) is { } line)
        {
            _number++;
            if (!string.IsNullOrWhiteSpace(line)) return Read(line);
        }
        return null;
    }

    public void Dispose() => _reader.Dispose();

    private EventLine Read(string line)
    {
        string? tenant = null;
        Instant? time = null;
        try
        {
            using var document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                tenant = Text(document.RootElement, "subject");
                time = Text(document.RootElement, "time") is { } text && Instant.TryParse(text, out var read) ? read
                    : null;
            }
        }
        catch (Exception e) when (e is JsonException || Api.Json.Text.IsHalf(e))
        {
            // Sent as it is: the gateway says what is wrong with it, and with it alone.
        }
        return new EventLine(_number, line, System.Text.Encoding.UTF8.GetByteCount(line) + 1, tenant, time);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
            : null;
}
