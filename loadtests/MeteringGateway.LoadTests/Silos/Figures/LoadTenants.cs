using MeteringGateway.Core;
using MeteringGateway.Engine;

namespace MeteringGateway.LoadTests.Silos.Figures;

/// <summary>Tenants with one outcome type and one cap that is never reached, made without HTTP.</summary>
internal static class LoadTenants
{
    private static readonly Terms Terms = new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = Amount.Parse("0.99") }],
        Caps = [new Cap { Id = "monthly", Limit = 100_000_000_000 }],
    };

    public static async Task Make(ITenants tenants, string id)
    {
        var answer = await tenants.Execute(id, new Command.Create(id, new PlanRef("load", 1), Terms, "UTC", 1, null));
        if (answer is Answer.Refused refused) throw new InvalidOperationException($"{id}: {refused.Detail}");
    }

    /// <summary>A report with nothing but what it must have, as the driver's events have over HTTP.</summary>
    public static Command Report(string id) => new Command.ReportOutcome(new EventId("/load", id), null,
        "support.resolution", id)
    {
        Fingerprint = (ulong)id.GetHashCode(StringComparison.Ordinal), Dimensions = new Dimensions("agent-7", "chat"),
    };
}
