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
        rotate.SetAction((parsed, cancellation) => Rotate(store.Choose(parsed), cancellation));
        return new Command("keys", "The keys in the key directory that certificates are signed with.") { rotate };
    }

    private static async Task<int> Rotate(Store store, CancellationToken cancellation)
    {
        if (store.KeyDirectory is not { } directory)
            throw new CommandException("silos share a key directory: set Metering:KeyDirectory to it");
        // Of another directory than the gateway's nobody would notice: there must be a store that the keys are for.
        await store.Read(async (_, _) =>
        {
            using var keys = new CertificateKeys(directory);
            if (!keys.HasKey)
                await Console.Error.WriteLineAsync(
                    $"no certificates' key was in {Path.GetFullPath(directory)}: this is its first one");
            Console.WriteLine(keys.Rotate());
        }, cancellation);
        return 0;
    }
}
