using System.Security.Cryptography;
using System.Text.Json;

namespace MeteringGateway.Engine;

/// <summary>Writes lines, and keeps the hash of all that it wrote.</summary>
internal sealed class ExportWriter(Stream to) : IDisposable
{
    private static readonly byte[] NewLine = [(byte)'\n'];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>SHA-256 of every byte before the next line.</summary>
    public byte[] Sha256 => _hash.GetCurrentHash();

    public async ValueTask Write(ExportLine line, CancellationToken cancellation)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line, ExportJson.Default.ExportLine), .. NewLine];
        _hash.AppendData(bytes);
        await to.WriteAsync(bytes, cancellation);
    }

    public void Dispose() => _hash.Dispose();
}
