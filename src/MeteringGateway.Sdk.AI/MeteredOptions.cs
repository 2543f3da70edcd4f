using System.Text.Json.Nodes;

namespace MeteringGateway.Sdk.AI;

/// <summary>What is asked before an agent acts, and what is reported afterwards.</summary>
public sealed class MeteredOptions
{
    /// <summary>That is asked; its question says the outcome type, the agent, the channel.</summary>
    public required Allowance Allowance { get; init; }

    /// <summary>Where reports are kept until the gateway has them; null: sent while the caller waits.</summary>
    public Outbox? Outbox { get; init; }

    /// <summary>Reports what came of a permit, or gives its unit back.</summary>
    /// <param name="permit">That let it.</param>
    /// <param name="report">Null: nothing that counts, so far.</param>
    /// <exception cref="MeteringException">It was not taken.</exception>
    /// <exception cref="IOException">The outbox is full, or its disk.</exception>
    internal async ValueTask End(Permit permit, OutcomeReport? report)
    {
        if (report is null) Allowance.Return(permit);
        else if (Outbox is null) await Allowance.ReportAsync(permit, report);
        else if (await Outbox.EnqueueAsync(Allowance, permit, report) == OutboxResult.Full)
        {
            Allowance.Return(permit);
            throw new IOException("The outbox is full: the outcome is not reported.");
        }
    }

    /// <summary>OpenTelemetry's names for what a model did, in the report's metadata.</summary>
    internal static OutcomeReport Describe(OutcomeReport report, string? session,
        params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        var metadata = report.Metadata?.DeepClone().AsObject() ?? [];
        foreach (var (name, value) in attributes)
            if (value is not null) metadata.TryAdd(name, JsonValue.Create(value));
        return report with { Session = report.Session ?? session, Metadata = metadata.Count > 0 ? metadata : null };
    }
}
