using System.CommandLine;
using MeteringGateway.Engine;
using MeteringGateway.Transfer;

namespace MeteringGateway.Cluster.Commands;

internal static class ImportCommand
{
    public static Command Make(string[] settings)
    {
        var redis = RedisOption.Make();
        var from = new Option<string>("--from") { Description = "File that an export made", Required = true };
        var command = new Command("import",
            "Fill an empty Redis from an exported file, before the first silo starts. Every tenant is folded from its first entry, written, read back, and compared each time; exit code 1 if anything differs.") { redis, from };
        command.SetAction((parsed, cancellation) =>
            TransferRun.Guarded(() => RedisOption.WithStore(settings, parsed.GetValue(redis), async store =>
        {
            var summary = await TransferFile.Import(parsed.GetRequiredValue(from), store,
                new TransferOptions { Progress = TransferRun.Tell }, cancellation);
            Console.WriteLine($"{summary}: all digests equal");
        })));
        return command;
    }
}
