using System.CommandLine;
using MeteringGateway.Engine;
using Instant = MeteringGateway.Core.Instant;

namespace MeteringGateway.Journal;

internal static class SealCommand
{
    public static Command Make(string[] settings)
    {
        var tenants = new Option<string[]>("--tenant") { Description =
            "Whose entries; may be given several times, and left out: then all tenants'" };
        var after = new Option<TimeSpan>("--after") { Description =
            "Only periods that were closed so long ago: days.hours:minutes:seconds (default: all that are closed)" };
        var command = new Command("seal",
            "Move entries and outcomes of closed periods out of a store into segment files in the directory that "
                + "the setting Metering:Journal:Segments names, each read back before anything of it leaves the "
                + "store. Of a directory while no gateway has it open; of a Redis beside running silos. Exit code 1 "
                + "if a tenant's could not be moved; they stay where they are.")
                { tenants, after };
        command.Validators.Add(result =>
        {
            if (result.GetValue(after) < TimeSpan.Zero) result.AddError("--after is less than nothing");
        });
        var store = new StoreOption(command, settings);
        command.SetAction((parsed, cancellation) => Run(
            store.Choose(parsed), parsed.GetValue(tenants) ?? [], parsed.GetValue(after), cancellation));
        return command;
    }

    private static async Task<int> Run(Store store, IReadOnlyList<string> tenants, TimeSpan after,
        CancellationToken cancellation)
    {
        var good = true;
        await store.Write(async opened =>
        {
            var sum = await new Sealer(opened).SealAll(tenants, Instant.From(TimeProvider.System.GetUtcNow()), after,
                inSteps: false, (tenant, why) =>
                {
                    good = false;
                    Console.Error.WriteLine($"{tenant}: {why.Message}");
                }, cancellation);
            Console.WriteLine(sum == SealedSum.Nothing ? "nothing was to be sealed"
                : $"sealed {sum.Entries} entries and {sum.Outcomes} outcomes into {sum.Segments} segments, "
                    + $"{sum.Bytes} bytes");
            if (sum != SealedSum.Nothing) opened.GiveBack();
        });
        return good ? 0 : 1;
    }
}
