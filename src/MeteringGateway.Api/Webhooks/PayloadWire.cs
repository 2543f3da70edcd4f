using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MeteringGateway.Api.Json;
using MeteringGateway.Api.Statements;
using MeteringGateway.Api.Thresholds;

namespace MeteringGateway.Api.Webhooks;

/// <summary>The body of a delivery.</summary>
/// <param name="Timestamp">When it happened, on the tenant's clock.</param>
internal sealed record PayloadWire(string Type, string Timestamp, JsonElement Data);

/// <summary>The data of an alert that has no more to say.</summary>
internal sealed record AlertWire(string Tenant, long Sequence);

/// <summary>
/// The data of <c>threshold.crossed</c>; of <c>cap.reached</c> and <c>cap.cleared</c> it is that of the signal.
/// </summary>
/// <param name="Level">What was reached.</param>
/// <param name="Limit">What it is a level of; null for spend.</param>
internal sealed record ThresholdCrossedWire(
    string Tenant, long Sequence, string Threshold, string Of, LevelWire At, LimitWire Level, LimitWire? Limit,
    string Period);

internal sealed record CreditsExhaustedWire(string Tenant, long Sequence, string Period);

/// <param name="OutcomeType">Null: under the plan's rule, for all types that it governs.</param>
internal sealed record OverageStartedWire(string Tenant, long Sequence, string? OutcomeType, string Period);

/// <param name="Remaining">Credits.</param>
internal sealed record GrantExpiringWire(string Tenant, long Sequence, string Grant, string Remaining,
    string ExpiresAt);

internal sealed record DisputeOpenedWire(string Tenant, long Sequence, string Dispute, string OutcomeId, string Reason);

/// <param name="Status"><c>credited</c> or <c>upheld</c>.</param>
/// <param name="Amount">What was taken back; null where nothing was.</param>
/// <param name="Period">On whose statement.</param>
internal sealed record DisputeResolvedWire(string Tenant, long Sequence, string Dispute, string OutcomeId,
    string Status, string Note, string? Amount, string? Period);

/// <param name="Agreed">Successes that the buyer accepted, of those that it gave a verdict on.</param>
internal sealed record AgreementLowWire(string Tenant, long Sequence, string OutcomeType, string Period, long Agreed,
    long Total);

/// <summary>The sums of a statement; its lines are where statements are.</summary>
internal sealed record StatementFinalWire(
    string Tenant, long Sequence, string Period, string Currency, string Total, string UnroundedTotal,
    string CreditsUsed, HeadWire Head);

[JsonSerializable(typeof(PayloadWire))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(AlertWire))]
[JsonSerializable(typeof(ThresholdCrossedWire))]
[JsonSerializable(typeof(CreditsExhaustedWire))]
[JsonSerializable(typeof(OverageStartedWire))]
[JsonSerializable(typeof(GrantExpiringWire))]
[JsonSerializable(typeof(DisputeOpenedWire))]
[JsonSerializable(typeof(DisputeResolvedWire))]
[JsonSerializable(typeof(AgreementLowWire))]
[JsonSerializable(typeof(StatementFinalWire))]
internal sealed partial class PayloadJson : JsonSerializerContext
{
    // What other documents have too is written as there.
    private static readonly JsonSerializerOptions Told =
        new(WireJson.Strict)
        {
            TypeInfoResolver = JsonTypeInfoResolver.Combine(WireJson.Strict.TypeInfoResolver,
                new PayloadJson(new JsonSerializerOptions(WireJson.Strict))),
        };

    public static JsonTypeInfo<T> Typed<T>() => (JsonTypeInfo<T>)Told.GetTypeInfo(typeof(T));
}
