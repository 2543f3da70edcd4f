using System.IO.Compression;

namespace MeteringGateway.Engine;

/// <summary>Export files on disk: for their owner alone, and compressed where the name ends with <c>.gz</c>.</summary>
public static class TransferFile
{
    /// <summary>The name of standard output.</summary>
    public const string Standard = "-";

    /// <summary>Makes a file; what has the name already is left as it is. After an error nothing is left.</summary>
    /// <exception cref="TransferException">See <see cref="Engine.Export.Write"/>.</exception>
    /// <exception cref="IOException">The file is there, or cannot be written.</exception>
    public static async Task<TransferSummary> Export(IStore store, string path, TransferOptions options,
        CancellationToken cancellation)
    {
        if (path == Standard)
        {
            await using var output = Console.OpenStandardOutput();
            return await Engine.Export.Write(store, output, options, cancellation);
        }
        await using var file = new FileStream(path, Ours());
        try
        {
            var summary = await Write(store, file, IsCompressed(path), options, cancellation);
            file.Flush(flushToDisk: true);
            return summary;
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <exception cref="TransferException">See <see cref="Engine.Import.Read"/>.</exception>
    public static Task<TransferSummary> Import(string path, IStore into, TransferOptions options,
        CancellationToken cancellation) =>
        Engine.Import.Read(() => Open(path), into, options, cancellation);

    /// <summary>Checks a file and writes nothing.</summary>
    /// <exception cref="TransferException">See <see cref="Engine.Import.Check"/>.</exception>
    public static async Task<TransferSummary> Check(string path, TransferOptions options,
        CancellationToken cancellation)
    {
        await using var file = Open(path);
        return await Engine.Import.Check(file, options, cancellation);
    }

    private static async Task<TransferSummary> Write(IStore store, FileStream file, bool compress,
        TransferOptions options, CancellationToken cancellation)
    {
        if (!compress) return await Engine.Export.Write(store, file, options, cancellation);
        await using var to = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);
        return await Engine.Export.Write(store, to, options, cancellation);
    }

    private static Stream Open(string path)
    {
        var file = File.OpenRead(path);
        return IsCompressed(path) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static bool IsCompressed(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static FileStreamOptions Ours()
    {
        var options = OwnerOnly.Options(FileMode.CreateNew, FileAccess.Write);
        options.BufferSize = 1 << 16;
        return options;
    }
}
