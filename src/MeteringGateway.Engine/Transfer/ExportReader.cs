using System.Security.Cryptography;
using System.Text.Json;

namespace MeteringGateway.Engine;

/// <summary>
/// Reads lines, and compares what the file says of the bytes before with what they are: whatever was altered is noticed
/// at the next such place.
/// </summary>
internal sealed class ExportReader(Stream from) : IDisposable
{
    private const int LongestLine = 1 << 29;
    private const string NoExport = "it is not an export of this program";
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private int _line;
    private int _whole;
    private bool _ended;

    /// <summary>With which every export begins; see <see cref="ExportLine.Head"/>.</summary>
    private static ReadOnlySpan<byte> Beginning => "{\"header\":"u8;

    /// <summary>The next line; null after the file's end.</summary>
    /// <exception cref="TransferException">The file was altered or cut short, or is no export.</exception>
    public async ValueTask<ExportLine?> Next(CancellationToken cancellation)
    {
        var length = await Find(cancellation);
        if (length == 0 && _ended) return null;
        _line++;
        if (_ended) throw Broken("something follows the file's end");
        if (length == 0)
            throw Broken(_line == 1 ? "it is empty: it was cut short, or is no export"
                : "the file ends here, before its end: it was cut short");
        var bytes = _buffer.AsMemory(_start, length);
        _start += length;
        var line = Parse(bytes.Span[..^1]);
        Compare(line, bytes.Span[..^1]);
        _hash.AppendData(bytes.Span);
        return line;
    }

    public TransferException Broken(string why,
        Exception? inner = null) => new($"the export file is broken at line {_line}: {why}", inner);

    public void Dispose() => _hash.Dispose();

    /// <summary>Length of the next line with its newline, from <see cref="_start"/>; 0 at the end.</summary>
    private async ValueTask<int> Find(CancellationToken cancellation)
    {
        for (var searched = 0; ;)
        {
            var at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0) return searched + at + 1;
            searched = _end - _start;
            MakeRoom();
            int read;
            try
            {
                read = await from.ReadAsync(_buffer.AsMemory(_end), cancellation);
            }
            catch (InvalidDataException e)
            {
                _line++;
                throw Broken($"it cannot be decompressed: {e.Message}", e);
            }
            if (read > 0) _end += read;
            else if (searched == 0) return 0;
            else
            {
                _line++;
                throw Broken(_ended ? "something follows the file's end"
                    : _line == 1 && !IsOfAnExport(_buffer.AsSpan(_start, searched)) ? NoExport
                    : "the line does not end: the file was cut short");
            }
        }
    }

    private static bool IsOfAnExport(ReadOnlySpan<byte> first) =>
        first[..Math.Min(first.Length, Beginning.Length)].SequenceEqual(Beginning[..Math.Min(first.Length,
            Beginning.Length)]);

    private void MakeRoom()
    {
        if (_end < _buffer.Length) return;
        var length = _end - _start;
        if (length >= LongestLine) throw Broken("the line after it is too long to be one of an export");
        var larger = length > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(_start, length).CopyTo(larger);
        (_buffer, _start, _end) = (larger, 0, length);
    }

    private ExportLine Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, ExportJson.Default.ExportLine) ?? throw Broken("it is null");
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException
            or NotSupportedException)
        {
            throw Broken(_line == 1 ? NoExport
                : "it is not a line of an export: the file was altered", e);
        }
    }

    /// <summary>Where the file states its own hash.</summary>
    private void Compare(ExportLine line, ReadOnlySpan<byte> bytes)
    {
        if ((line.TenantEnd?.Sha256 ?? line.FileEnd?.Sha256) is { } stated)
        {
            if (!stated.AsSpan().SequenceEqual(_hash.GetCurrentHash()))
                throw Broken($"something in lines {_whole + 1} to {_line} was altered: their SHA-256 differs");
            _whole = _line - 1;
        }
        // Nothing after it vouches for the last line: it must be what would be written, to the byte.
        if (line.FileEnd is null) return;
        if (!bytes.SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(line, ExportJson.Default.ExportLine)))
            throw Broken("the file's end was altered");
        _ended = true;
    }
}
