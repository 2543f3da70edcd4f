using System.Text.Json;
using System.Text.Json.Nodes;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Signals;
using MeteringGateway.Api.Statements;
using MeteringGateway.Api.Thresholds;

namespace MeteringGateway.Api.Webhooks;

/// <summary>
/// What a receiver is told of an alert: <c>type</c>, <c>timestamp</c> and <c>data</c> (S5); described in
/// <c>docs/webhooks.md</c>.
/// </summary>
internal static class Payloads
{
    /// <summary>
    /// The body, UTF-8. The same alert gives the same bytes; one that stands for several says for how many.
    /// </summary>
    /// <exception cref="FormatException">The entry cannot be read.</exception>
    public static async ValueTask<byte[]> Write(Told told, ITenants tenants, CancellationToken cancellation)
    {
        var row = told.Row;
        var entry = EntryCodec.Read(row.Alert.Entry);
        // All of it is in the entry but the currency, which a tenant has for good (N2).
        var currency = entry is Entry.PeriodClosed or Entry.DisputeResolved { Credit: not null }
            or Entry.StateChanged { Limit.IsMoney: true }
            or Entry.ThresholdCrossed { Level.IsMoney: true }
            ? (await tenants.Tenant(row.Tenant, cancellation))!.Terms.Currency : "";
        var data = entry is Entry.PeriodClosed closed
            ? Of(Statement(row, closed, currency))
            : Data(row.Tenant, row.Alert.Sequence, entry, currency);
        if (told.Count > 1)
        {
            var members = JsonObject.Create(data)!;
            members["count"] = told.Count;
            members["first_at"] = told.FirstAt.ToString();
            members["last_at"] = row.Alert.At.ToString();
            data = Of(members);
        }
        return JsonSerializer.SerializeToUtf8Bytes(new PayloadWire(row.Alert.Type, row.Alert.At.ToString(), data),
            PayloadJson.Typed<PayloadWire>());
    }

    private static JsonElement Data(string tenant, long sequence, Entry entry, string currency) => entry switch
    {
        Entry.StateChanged e => Of(e.ToSignal(sequence).Wire(tenant, currency)),
        Entry.ThresholdCrossed { Threshold: var threshold } e when ThresholdReader.Write(threshold,
            currency) is var wire => Of(
            new ThresholdCrossedWire(tenant, sequence, threshold.Id, wire.Of!, wire.At!,
                e.Level.Wire(ThresholdReader.UnitOf(threshold, currency)),
                e.InForce?.Wire(ThresholdReader.UnitOf(threshold, currency)), Text.Date(e.Period))),
        Entry.CreditsExhausted e => Of(new CreditsExhaustedWire(tenant, sequence, Text.Date(e.Period))),
        Entry.OverageStarted e => Of(new OverageStartedWire(tenant, sequence, e.OutcomeType, Text.Date(e.Period))),
        Entry.GrantExpiring e =>
            Of(new GrantExpiringWire(tenant, sequence, e.Grant, e.Left.ToString(), e.ExpiresAt.ToString())),
        Entry.DisputeResolved e => Of(new DisputeResolvedWire(tenant, sequence, e.Before.Id, e.Before.OutcomeId,
            Names<DisputeStatus>.Of(e.Status), e.Note, Text.Money(e.Credit?.Amount, currency),
            e.Credit is { } credit ? Text.Date(credit.Period) : null)),
        Entry.AgreementLow e => Of(new AgreementLowWire(tenant, sequence, e.OutcomeType, Text.Date(e.Period), e.Agreed,
            e.Total)),
        Entry.DisputeOpened e => Of(new DisputeOpenedWire(tenant, sequence, e.Dispute, e.OutcomeId, e.Reason)),
        _ => Of(new AlertWire(tenant, sequence)), // where to look it up
    };

    private static StatementFinalWire Statement(OutboxRow row, Entry.PeriodClosed closed, string currency)
    {
        var (total, unrounded, credits) = (Amount.Zero, Amount.Zero, Amount.Zero);
        foreach (var line in closed.Lines)
            (total, unrounded, credits) =
                (total + Currencies.Round(line.Amount, currency), unrounded + line.Amount, credits + line.Credits);
        return new StatementFinalWire(
            row.Tenant, row.Alert.Sequence, Text.Date(closed.Period), currency, Text.Money(total, currency),
            Text.Money(unrounded, currency), credits.ToString(),
            new HeadWire(row.Alert.Sequence, Convert.ToHexStringLower(row.Alert.Hash)));
    }

    private static JsonElement Of<T>(T data) => JsonSerializer.SerializeToElement(data, PayloadJson.Typed<T>());
}
