using System.Security.Cryptography;
using System.Text.Json;
using System.Xml;
using MeteringGateway.Api.Operations;
using Microsoft.AspNetCore.DataProtection;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// Seals webhooks' secrets for the store, and sessions for browsers, with a ring of keys that is kept apart from it
/// (ASP.NET's data protection: AES-256-CBC with HMAC-SHA256, a new key every 90 days). Nothing is read or made
/// before the first secret.
/// <c>docs/decisions/0013-secrets.md</c> says why so.
/// </summary>
/// <param name="directory">Of the ring; null: there is none, and secrets cannot be sealed here.</param>
/// <param name="purpose">What was sealed for one is not opened for another.</param>
internal sealed class SecretSeal(string? directory, string purpose = SecretSeal.Webhooks)
{
    private const string Webhooks = "webhook signing secret";
    private readonly Lock _gate = new();
    private IDataProtector? _protector;
    private long _readAnew = -10_000;

    /// <summary>Beside the data directory, and not in it: who copies the one has not the other.</summary>
    public static string Beside(string dataDirectory) =>
        Path.TrimEndingDirectorySeparator(Path.GetFullPath(dataDirectory)) + "-keys";

    /// <summary>True if one is the other, or is in it.</summary>
    public static bool IsWithin(string directory, string dataDirectory)
    {
        var relative = Path.GetRelativePath(dataDirectory, directory);
        return relative == "." || !(relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative));
    }

    /// <summary>One that the settings name is made and looked into, before anything starts.</summary>
    /// <exception cref="SettingsException">It cannot be.</exception>
    public static void DemandUsable(string? keyDirectory)
    {
        if (keyDirectory is null) return;
        try
        {
            OwnerOnly.MakeDirectory(keyDirectory).GetFileSystemInfos();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SettingsException([SettingsCheck.Finding("KeyDirectory",
                $"cannot be used: {e.Message.TrimEnd('.')}")]);
        }
    }

    public bool HasRing => directory is not null;

    /// <summary>With the same ring.</summary>
    public SecretSeal For(string other) => new(directory, other);

    /// <exception cref="StoreException">The ring cannot be read or written.</exception>
    public string Seal(string secret)
    {
        try
        {
            return Protector(anew: false).Protect(secret);
        }
        catch (Exception e) when (IsOfTheRing(e))
        {
            throw Unusable(e);
        }
    }

    /// <exception cref="StoreException">The ring cannot be read, or has not the key.</exception>
    public string Open(string sealedSecret)
    {
        try
        {
            return Protector(anew: false).Unprotect(sealedSecret);
        }
        catch (CryptographicException)
        {
            // Another silo may have made a key since the ring was read.
        }
        catch (Exception e) when (IsOfTheRing(e))
        {
            throw Unusable(e);
        }
        try
        {
            return Protector(anew: true).Unprotect(sealedSecret);
        }
        catch (Exception e) when (IsOfTheRing(e))
        {
            throw Unusable(e);
        }
    }

    /// <summary>What anybody may send. Null: it is not ours, or of a key that is gone. The ring is read anew for it at
    /// most every ten seconds.</summary>
    /// <exception cref="StoreException">The ring cannot be read.</exception>
    public string? Try(string text)
    {
        for (var anew = false; ; anew = true)
        {
            try
            {
                return Protector(anew).Unprotect(text);
            }
            catch (CryptographicException) when (!anew && MayReadAnew())
            {
                // Another silo may have made a key since the ring was read.
            }
            catch (Exception e) when (e is CryptographicException or FormatException)
            {
                return null;
            }
            catch (Exception e) when (IsOfTheRing(e))
            {
                throw Unusable(e);
            }
        }
    }

    private bool MayReadAnew()
    {
        var (now, last) = (Environment.TickCount64, Interlocked.Read(ref _readAnew));
        return now - last >= 10_000 && Interlocked.CompareExchange(ref _readAnew, now, last) == last;
    }

    private IDataProtector Protector(bool anew)
    {
        if (directory is null)
            throw new StoreException($"a {purpose} is sealed, and the setting Metering:KeyDirectory is not set");
        lock (_gate)
        {
            if (_protector is not null && !anew) return _protector;
            var ring = OwnerOnly.MakeDirectory(directory);
            // The name is a part of what is sealed: it is never changed.
            var provider = DataProtectionProvider.Create(ring, options => options.SetApplicationName("metering"));
            return _protector = provider.CreateProtector(purpose);
        }
    }

    private static bool IsOfTheRing(Exception e) => e is CryptographicException or IOException
        or UnauthorizedAccessException or XmlException or FormatException or InvalidOperationException;

    private StoreException Unusable(Exception e) =>
        new($"the key ring in '{Path.GetFullPath(directory!)}' cannot be used: {e.Message}");

    /// <summary>A stored webhook, with those of its secrets sealed that are in the clear.</summary>
    /// <exception cref="JsonException">It is no webhook that this version of the gateway knows.</exception>
    /// <exception cref="StoreException">The ring cannot be used.</exception>
    public byte[] Sealed(byte[] content) => StoredWebhook.Parse(content).Write(this);

    /// <summary>A stored webhook with its secrets in the clear, to leave this store.</summary>
    /// <exception cref="JsonException">It is no webhook that this version of the gateway knows.</exception>
    /// <exception cref="StoreException">The ring cannot be used, or has not the key.</exception>
    public byte[] Clear(byte[] content) => StoredWebhook.Read(content, this).Write(new SecretSeal(null));
}
