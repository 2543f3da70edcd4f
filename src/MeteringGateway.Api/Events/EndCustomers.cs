using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MeteringGateway.Api.Events;

/// <summary>
/// Keyed hashes of who end customers are (Q1): the same one is recognised without being named, also when all that is
/// stored of the person has been erased. The key is a file in the key directory, made when it is first needed, for its
/// owner alone; silos share it. Without it nobody is recognised, and nothing else is different.
/// </summary>
/// <param name="keyDirectory">Null: there is none, or end customers are not to be recognised.</param>
public sealed class EndCustomers(string? keyDirectory, ILogger<EndCustomers>? log = null)
{
    private const int KeyBytes = 32;

    private readonly Lazy<byte[]?> _key = new(() => Key(keyDirectory, log));

    /// <summary>Never 0, which stands for nobody, but where there is no key.</summary>
    public ulong Hash(string tenant, string endCustomer)
    {
        if (_key.Value is not { } key) return 0;
        var hash = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{tenant}\0{endCustomer}"));
        return Math.Max(1, BinaryPrimitives.ReadUInt64LittleEndian(hash));
    }

    private static byte[]? Key(string? directory, ILogger? log)
    {
        if (directory is null) return null;
        var path = Path.Combine(directory, "end-customers.key");
        try
        {
            OwnerOnly.MakeDirectory(directory);
            if (!File.Exists(path)) Make(directory, path);
            if (File.ReadAllBytes(path) is { Length: KeyBytes } key) return key;
            log?.LogWarning("The key in {Path} has not {Bytes} bytes: end customers are not recognised", path,
                KeyBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // No event is refused for a figure's sake.
            log?.LogWarning(e, "The key in {Path} cannot be used: end customers are not recognised", path);
        }
        return null;
    }

    // Others may do the same at the same time: the first one's key is everybody's.
    private static void Make(string directory, string path)
    {
        var fresh = Path.Combine(directory, $"new-{Guid.NewGuid():n}");
        using (var file = new FileStream(fresh, OwnerOnly.Options(FileMode.CreateNew, FileAccess.Write)))
        {
            file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
            file.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(fresh, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            // another process was first
        }
        finally
        {
            File.Delete(fresh);
        }
    }
}
