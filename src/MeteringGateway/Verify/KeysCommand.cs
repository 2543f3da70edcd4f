using System.CommandLine;
using MeteringGateway.Api.Certificates;

namespace MeteringGateway.Verify;

/// <summary>The keys that certificates are signed with.</summary>
internal static class KeysCommand
{
    public static Command Make(string[] settings)
    {
        var rotate = new Command("rotate",
            "Sign certificates with a new key from now on. The old one's private half is gone; its public half "
                + "stays published. Running gateways notice it by themselves.");
        var store = new StoreOption(rotate, settings);
        rotate.SetAction((parsed, _) => Rotate(store.Choose(parsed)));
        return new Command("keys", "The keys in the key directory that certificates are signed with.") { rotate };
    }

    private static async Task<int> Rotate(Store store)
    {
        if (store.KeyDirectory is not { } directory)
            throw new CommandException("silos share a key directory: set Metering:KeyDirectory to it");
        using var keys = new CertificateKeys(directory);
        // Of another directory than the gateway's nobody would notice.
        if (!keys.HasKey)
            await Console.Error.WriteLineAsync(
                $"no certificates' key was in {Path.GetFullPath(directory)}: this is its first one");
        Console.WriteLine(keys.Rotate());
        return 0;
    }
}
