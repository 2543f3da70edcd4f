using System.CommandLine;
using MeteringGateway.Api.Webhooks;
using MeteringGateway.Engine;

namespace MeteringGateway.Transfer;

internal static class ImportCommand
{
    /// <summary>
    /// Where the new store is until it is whole; within the data directory, so that moving it is renaming it.
    /// </summary>
    private const string Unfinished = "import-unfinished";
    private const string Database = "metering.db";

    public static Command Make(string[] settings)
    {
        var from = new Option<string>("--from") { Description = "File that an export made", Required = true };
        var check = new Option<bool>(
            "--check") { Description = "Check the file as an import would, and write nothing" };
        var command = new Command("import",
            "Make a store of an exported file, where there is none yet: before the first gateway or silo starts. "
                + "Every tenant is folded from its first entry, written, read back, and compared each time; exit "
                + "code 1 if anything differs.")
        {
            from, check,
        };
        var store = new StoreOption(command, settings);
        CommandLine.MayNotBeEmpty(from!);
        command.SetAction((parsed, cancellation) => parsed.GetValue(check)
            ? Check(parsed.GetRequiredValue(from), cancellation)
            : Run(parsed.GetRequiredValue(from), store.Choose(parsed), cancellation));
        return command;
    }

    private static async Task Check(string from, CancellationToken cancellation)
    {
        var summary = await TransferFile.Check(from, new TransferOptions { Progress = TransferRun.Tell }, cancellation);
        Console.WriteLine($"{summary}: the file is whole, all digests equal");
    }

    private static Task Run(string from, Store store, CancellationToken cancellation) => store.IsShared
        ? store.With(async shared => Tell(await Fill(shared, store.Seal, from, cancellation)))
        : Run(from, store.Directory, store.Seal, cancellation);

    private static Task<TransferSummary> Fill(IStore store, SecretSeal seal, string from,
        CancellationToken cancellation) =>
        TransferFile.Import(from, store, new TransferOptions { Progress = TransferRun.Tell, Webhook = seal.Sealed },
            cancellation);

    private static void Tell(TransferSummary summary) => Console.WriteLine($"{summary}: all digests equal");

    /// <summary>Until all of it is there and compared, there is no store in the directory.</summary>
    private static async Task Run(string from, string directory, SecretSeal seal,
        CancellationToken cancellation)
    {
        var database = Path.Combine(directory, Database);
        if (File.Exists(database))
            throw new CommandException(
                $"there is a store in {Path.GetFullPath(directory)} already: import into another directory");
        // No gateway starts there meanwhile, and no other import.
        using var held = SqliteStore.Hold(directory);
        try
        {
            await Make(from, Path.Combine(directory, Unfinished), database, seal, cancellation);
        }
        catch
        {
            held.LeaveNothing();
            throw;
        }
    }

    private static async Task Make(string from, string place, string database, SecretSeal seal,
        CancellationToken cancellation)
    {
        // Of an import that was interrupted.
        if (Directory.Exists(place)) Directory.Delete(place, recursive: true);
        var store = SqliteStore.Open(place);
        try
        {
            TransferSummary summary;
            await using (store) summary = await Fill(store, seal, from, cancellation);
            File.Move(Path.Combine(place, Database), database);
            Tell(summary);
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }
}
