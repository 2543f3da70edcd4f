using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MeteringGateway.Sdk.Outboxes;

/// <summary>
/// One file to which records are only ever added: an event, or how many events from the beginning are done. A record is
/// its length, 8 bytes of SHA-256 over kind and content, the kind, and the content; what a crash left half-written at
/// the end is not one, and is cut off. Used by one thread at a time, and by one process.
/// </summary>
internal sealed class OutboxFile : IDisposable
{
    private const byte EventKind = 1;
    private const byte DoneKind = 2;
    private const int HeadBytes = 4 + 8 + 1;
    private const int DoneBytes = HeadBytes + 8;
    private static ReadOnlySpan<byte> Magic => "metering-outbox-1\n"u8;

    private readonly string _path;
    private readonly List<byte> _buffer = [];
    private FileStream _file;

    private OutboxFile(string path, FileStream file) => (_path, _file) = (path, file);

    /// <summary>Bytes of the file, whole records alone.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes at the end that were no whole record when it was opened.</summary>
    public long Torn { get; private set; }

    public static long SizeOf(ReadOnlySpan<byte> e) => HeadBytes + e.Length;

    /// <returns>The file, the events in it that are done, and those that are not, in their order.</returns>
    /// <exception cref="IOException">It is another process', or no outbox.</exception>
    public static (OutboxFile File, List<byte[]> Done, List<byte[]> Waiting) Open(string path)
    {
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 4096);
        try
        {
            var file = new OutboxFile(path, stream);
            var (done, waiting) = file.Read();
            return (file, done, waiting);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void AddEvent(ReadOnlySpan<byte> e) => Add(_buffer, EventKind, e);

    /// <param name="count">Events from the beginning of the file that are done.</param>
    public void AddDone(long count) => AddDone(_buffer, count);

    private static void AddDone(List<byte> to, long count)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, count);
        Add(to, DoneKind, bytes);
    }

    /// <summary>What was added is on disk when this returns; where it cannot be, none of it is in the file.</summary>
    public void Sync()
    {
        if (_buffer.Count == 0) return;
        var bytes = _buffer.ToArray();
        _buffer.Clear();
        try
        {
            RandomAccess.Write(_file.SafeFileHandle, bytes, Length);
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
            Length += bytes.Length;
        }
        catch (IOException)
        {
            _file.SetLength(Length);
            throw;
        }
    }

    /// <summary>Begins again with these events alone, under the same name.</summary>
    /// <returns>How many events from the beginning are done.</returns>
    public long Rewrite(IReadOnlyCollection<byte[]> done, IEnumerable<byte[]> waiting)
    {
        var bytes = new List<byte>();
        bytes.AddRange(Magic);
        foreach (var e in done.Concat(waiting)) Add(bytes, EventKind, e);
        if (done.Count > 0) AddDone(bytes, done.Count);
        var beside = _path + ".new";
        var file = new FileStream(beside, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 4096);
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes.ToArray(), 0);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            File.Move(beside, _path, overwrite: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _file.Dispose();
        (_file, Length) = (file, bytes.Count);
        return done.Count;
    }

    public void Dispose() => _file.Dispose();

    private (List<byte[]> Done, List<byte[]> Waiting) Read()
    {
        var bytes = new byte[_file.Length];
        for (int at = 0, read; at < bytes.Length; at += read)
            if ((read = RandomAccess.Read(_file.SafeFileHandle, bytes.AsSpan(at), at)) == 0) break;
        var all = bytes.AsSpan();
        if (!all.StartsWith(Magic))
        {
            // A crash in its first moment leaves less than that; anything else is somebody's.
            if (!Magic.StartsWith(all)) throw new IOException($"{_path} is not an outbox.");
            _buffer.AddRange(Magic);
            _file.SetLength(0);
            Sync();
            return ([], []);
        }
        var events = new List<byte[]>();
        var done = 0L;
        var end = Magic.Length;
        while (TryRead(all[end..], out var kind, out var content))
        {
            if (kind == EventKind) events.Add(content.ToArray());
            else done = BinaryPrimitives.ReadInt64LittleEndian(content);
            end += HeadBytes + content.Length;
        }
        (Torn, Length) = (bytes.Length - end, end);
        if (Torn > 0) _file.SetLength(end);
        var count = (int)Math.Min(done, events.Count);
        return (events[..count], events[count..]);
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, out byte kind, out ReadOnlySpan<byte> content)
    {
        kind = 0;
        content = default;
        if (bytes.Length < HeadBytes) return false;
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        if (length < 0 || length > bytes.Length - HeadBytes) return false;
        kind = bytes[12];
        content = bytes.Slice(HeadBytes, length);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes.Slice(12, 1 + length), hash);
        return hash[..8].SequenceEqual(bytes.Slice(4, 8)) && kind switch
        {
            EventKind => true,
            DoneKind => length == DoneBytes - HeadBytes && BinaryPrimitives.ReadInt64LittleEndian(content) >= 0,
            _ => false,
        };
    }

    private static void Add(List<byte> to, byte kind, ReadOnlySpan<byte> content)
    {
        var record = new byte[HeadBytes + content.Length];
        BinaryPrimitives.WriteInt32LittleEndian(record, content.Length);
        record[12] = kind;
        content.CopyTo(record.AsSpan(HeadBytes));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record.AsSpan(12), hash);
        hash[..8].CopyTo(record.AsSpan(4));
        to.AddRange(record);
    }
}
