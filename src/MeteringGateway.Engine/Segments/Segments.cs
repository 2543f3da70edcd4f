using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MeteringGateway.Engine;

/// <summary>A tenant's segment by what its name says.</summary>
internal readonly record struct SegmentFile(string Path, long First, long Last);

/// <summary>
/// The directory of segments: for each tenant a directory with a file for each run of entries, from the first on
/// without a gap. Silos share it. Who writes holds the tenant's lock, a file beside its segments.
/// </summary>
public sealed class Segments
{
    private const string Extension = ".segment";
    private static readonly TimeSpan LockAgain = TimeSpan.FromMilliseconds(50);
    private readonly TimeProvider _time;

    /// <param name="directory">Made, for its owner alone, when the first segment is written.</param>
    public Segments(string directory, TimeProvider? time = null) =>
        (Root, _time) = (Path.GetFullPath(directory), time ?? TimeProvider.System);

    public string Root { get; }

    /// <summary>Tests die here: told what is done next.</summary>
    internal Action<string>? Before { get; set; }

    /// <summary>In order.</summary>
    internal List<SegmentFile> Of(string tenant)
    {
        var files = new List<SegmentFile>();
        var directory = DirectoryOf(tenant);
        if (!Directory.Exists(directory)) return files;
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension))
        {
            var name = Path.GetFileNameWithoutExtension(path).Split('-');
            if (name.Length == 2 && Number(name[0]) is { } first && Number(name[1]) is { } last)
                files.Add(new SegmentFile(path, first, last));
        }
        files.Sort((one, other) => one.First.CompareTo(other.First));
        return files;
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <exception cref="JournalCorruptException">It cannot be read, or is not what was written.</exception>
    internal static T With<T>(string tenant, SegmentFile file, Func<Segment, T> work)
    {
        try
        {
            using var segment = Segment.Open(file.Path, tenant);
            if (segment.First != file.First || segment.Last != file.Last)
                throw new FormatException("it is of other entries than its name says");
            return work(segment);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new JournalCorruptException(tenant, file.First, $"the segment '{file.Path}' is damaged: {e.Message}",
                e);
        }
    }

    /// <summary>Until it is disposed nobody else writes segments of the tenant, on no machine.</summary>
    internal async Task<IDisposable> Lock(string tenant, CancellationToken cancellation)
    {
        var directory = DirectoryOf(tenant);
        OwnerOnly.MakeDirectory(directory);
        for (;; await Task.Delay(LockAgain, _time, cancellation))
            try
            {
                var held = new FileStream(Path.Combine(directory, "lock"),
                    OwnerOnly.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite));
                foreach (var left in Directory.EnumerateFiles(directory, "*.tmp")) File.Delete(left);
                return held;
            }
            catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
            {
                // Somebody else has it.
            }
    }

    /// <summary>
    /// Writes a segment, or one that replaces it, and reads it back. It is there wholly, or as it was before. Under the
    /// tenant's lock.
    /// </summary>
    /// <exception cref="JournalCorruptException">What is read is not what was written.</exception>
    internal SegmentFile Put(string tenant, long first, long last, byte[] bytes)
    {
        var directory = DirectoryOf(tenant);
        var file = new SegmentFile(Path.Combine(directory,
            string.Create(CultureInfo.InvariantCulture, $"{first:D19}-{last:D19}{Extension}")), first, last);
        var written = Path.ChangeExtension(file.Path, ".tmp");
        Before?.Invoke("make");
        using (var to = new FileStream(written, OwnerOnly.Options(FileMode.Create, FileAccess.Write)))
        {
            to.Write(bytes.AsSpan(0, bytes.Length / 2));
            Before?.Invoke("write");
            to.Write(bytes.AsSpan(bytes.Length / 2));
            Before?.Invoke("sync");
            to.Flush(flushToDisk: true);
        }
        Before?.Invoke("rename");
        File.Move(written, file.Path, overwrite: true);
        Before?.Invoke("sync directory");
        foreach (var up in (string?[])[directory, Root, Path.GetDirectoryName(Root)]) DirectorySync.Flush(up);
        Before?.Invoke("read back");
        var sum = SHA256.HashData(bytes);
        With(tenant, file, segment =>
        {
            segment.Verify();
            using var whole = File.OpenRead(file.Path);
            return SHA256.HashData(whole).AsSpan().SequenceEqual(sum) ? true
                : throw new FormatException("it is not what was just written");
        });
        return file;
    }

    /// <summary>Of a name that any file system takes, and that differs where the tenants' do.</summary>
    private string DirectoryOf(string tenant)
    {
        var name = new StringBuilder();
        foreach (var letter in Encoding.UTF8.GetBytes(tenant))
            if (letter is >= (byte)'a' and <= (byte)'z' or >= (byte)'0' and <= (byte)'9' or (byte)'-' or (byte)'_')
                name.Append((char)letter);
            else name.Append(CultureInfo.InvariantCulture, $"%{letter:x2}");
        return Path.Combine(Root, name.Length <= 200 ? name.ToString()
            : "~" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant))));
    }
}

/// <summary>That a file was renamed lasts when its directory is synced, which .NET has no call for.</summary>
internal static class DirectorySync
{
    private const int Unknown = 22; // EINVAL

    public static void Flush(string? directory)
    {
        if (directory is null || OperatingSystem.IsWindows()) return;
        var handle = Open(directory, 0);
        if (handle < 0) throw new IOException($"'{directory}' cannot be opened to be synced");
        var (failed, error) = (Sync(handle) != 0, Marshal.GetLastPInvokeError());
        _ = Close(handle);
        // Some network file systems do not know it, and need none.
        if (failed && error != Unknown) throw new IOException($"'{directory}' cannot be synced ({error})");
    }

#pragma warning disable SYSLIB1054, CA5392, CA2101 // Of the C library, by its name alone, with plain arguments.
    [DllImport("libc", EntryPoint = "open", CharSet = CharSet.Ansi, BestFitMapping = false)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Sync(int handle);
    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
#pragma warning restore SYSLIB1054, CA5392, CA2101
}
