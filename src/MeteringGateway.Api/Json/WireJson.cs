using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MeteringGateway.Api.Allowance;
using MeteringGateway.Api.Attention;
using MeteringGateway.Api.Caps;
using MeteringGateway.Api.Certificates;
using MeteringGateway.Api.Disputes;
using MeteringGateway.Api.Emails;
using MeteringGateway.Api.Events;
using MeteringGateway.Api.Grants;
using MeteringGateway.Api.Keys;
using MeteringGateway.Api.Operations;
using MeteringGateway.Api.Outcomes;
using MeteringGateway.Api.Overage;
using MeteringGateway.Api.Plans;
using MeteringGateway.Api.Problems;
using MeteringGateway.Api.Quality;
using MeteringGateway.Api.Signals;
using MeteringGateway.Api.SignIn;
using MeteringGateway.Api.Statements;
using MeteringGateway.Api.Tenants;
using MeteringGateway.Api.Thresholds;
using MeteringGateway.Api.Usage;
using MeteringGateway.Api.Webhooks;

namespace MeteringGateway.Api.Json;

/// <summary>Every document on the wire: snake_case, strict when read. One record a concept.</summary>
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(HealthWire))]
[JsonSerializable(typeof(IndexWire))]
[JsonSerializable(typeof(PlanWire))]
[JsonSerializable(typeof(OwnTermsWire))]
[JsonSerializable(typeof(PlanVersionWire))]
[JsonSerializable(typeof(ListWire<PlanVersionWire>))]
[JsonSerializable(typeof(PutTenantWire))]
[JsonSerializable(typeof(TenantWire))]
[JsonSerializable(typeof(TenantListWire))]
[JsonSerializable(typeof(TenantTermsWire))]
[JsonSerializable(typeof(MoveClockWire))]
[JsonSerializable(typeof(ClockWire))]
[JsonSerializable(typeof(NewKeyWire))]
[JsonSerializable(typeof(CreatedKeyWire))]
[JsonSerializable(typeof(KeyWire))]
[JsonSerializable(typeof(ListWire<KeyWire>))]
[JsonSerializable(typeof(StoredKey))]
[JsonSerializable(typeof(OwnKeyWire))]
[JsonSerializable(typeof(NewConsoleLinkWire))]
[JsonSerializable(typeof(ConsoleLinkWire))]
[JsonSerializable(typeof(CheckWire))]
[JsonSerializable(typeof(DecisionWire))]
[JsonSerializable(typeof(ReserveWire))]
[JsonSerializable(typeof(ReservedWire))]
[JsonSerializable(typeof(ReservationWire))]
[JsonSerializable(typeof(ListWire<HeldWire>))]
[JsonSerializable(typeof(ExtendWire))]
[JsonSerializable(typeof(CloudEventWire))]
[JsonSerializable(typeof(IReadOnlyList<CloudEventWire>))]
[JsonSerializable(typeof(EventDataWire))]
[JsonSerializable(typeof(EventAnswerWire))]
[JsonSerializable(typeof(EventResultWire))]
[JsonSerializable(typeof(BatchResultWire))]
[JsonSerializable(typeof(NewOutcomeWire))]
[JsonSerializable(typeof(OutcomeWire))]
[JsonSerializable(typeof(ListWire<OutcomeWire>))]
[JsonSerializable(typeof(InspectedOutcomeWire))]
[JsonSerializable(typeof(SampleWire))]
[JsonSerializable(typeof(VerdictWire))]
[JsonSerializable(typeof(NewDisputeWire))]
[JsonSerializable(typeof(ResolveWire))]
[JsonSerializable(typeof(DisputeWire))]
[JsonSerializable(typeof(ListWire<DisputeWire>))]
[JsonSerializable(typeof(EntryWire))]
[JsonSerializable(typeof(ListWire<EntryWire>))]
[JsonSerializable(typeof(PutCapWire))]
[JsonSerializable(typeof(CapListWire))]
[JsonSerializable(typeof(PreviewCapsWire))]
[JsonSerializable(typeof(CapPreviewWire))]
[JsonSerializable(typeof(PauseWire))]
[JsonSerializable(typeof(ThresholdWire))]
[JsonSerializable(typeof(PutThresholdWire))]
[JsonSerializable(typeof(ThresholdStateWire))]
[JsonSerializable(typeof(ListWire<ThresholdStateWire>))]
[JsonSerializable(typeof(OverageRuleWire))]
[JsonSerializable(typeof(OverageWire))]
[JsonSerializable(typeof(AuthorizeWire))]
[JsonSerializable(typeof(AuthorizationWire))]
[JsonSerializable(typeof(NewGrantWire))]
[JsonSerializable(typeof(NewTopUpWire))]
[JsonSerializable(typeof(GrantWire))]
[JsonSerializable(typeof(ListWire<GrantWire>))]
[JsonSerializable(typeof(StatementWire))]
[JsonSerializable(typeof(ListWire<StatementWire>))]
[JsonSerializable(typeof(AttentionWire))]
[JsonSerializable(typeof(ListWire<AttentionWire>))]
[JsonSerializable(typeof(PricePageWire))]
[JsonSerializable(typeof(UsageWire))]
[JsonSerializable(typeof(ListWire<ChangeWire>))]
[JsonSerializable(typeof(ListWire<SetupChangeWire>))]
[JsonSerializable(typeof(QualityWire))]
[JsonSerializable(typeof(SeriesWire))]
[JsonSerializable(typeof(SessionWire))]
[JsonSerializable(typeof(SignalWire))]
[JsonSerializable(typeof(ResetWire))]
[JsonSerializable(typeof(ReadyWire))]
[JsonSerializable(typeof(ListWire<RaisedAlertWire>))]
[JsonSerializable(typeof(AckWire))]
[JsonSerializable(typeof(PutWebhookWire))]
[JsonSerializable(typeof(PutOwnWebhookWire))]
[JsonSerializable(typeof(WebhookWire))]
[JsonSerializable(typeof(ListWire<WebhookWire>))]
[JsonSerializable(typeof(RotatedSecretWire))]
[JsonSerializable(typeof(DeliveryWire))]
[JsonSerializable(typeof(ListWire<DeliveryWire>))]
[JsonSerializable(typeof(PutEmailWire))]
[JsonSerializable(typeof(EmailWire))]
[JsonSerializable(typeof(ListWire<EmailWire>))]
[JsonSerializable(typeof(CertificateWire))]
[JsonSerializable(typeof(SignedHeadWire))]
[JsonSerializable(typeof(ListWire<DayHeadWire>))]
[JsonSerializable(typeof(KeySetWire))]
[JsonSerializable(typeof(ErasedWire))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
internal sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>
    /// Text as it is, quotes and what JSON forbids apart: what is sent as JSON is no part of a page, and says so. What
    /// lies beyond the first 65,536 characters, such as emoji, the platform escapes; every reader of JSON takes both.
    /// </summary>
    public static readonly JavaScriptEncoder Plain = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static readonly JsonSerializerOptions Strict =
        Make(new JsonSerializerOptions(JsonSerializerDefaults.General));

    public static JsonTypeInfo<T> Typed<T>() => (JsonTypeInfo<T>)Strict.GetTypeInfo(typeof(T));

    /// <summary>Gives a host's options our documents and our strictness.</summary>
    public static JsonSerializerOptions Make(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.AllowDuplicateProperties = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = 32;
        options.Encoder = Plain;
        options.TypeInfoResolver = new WireJson(new JsonSerializerOptions(options)).WithAddedModifier(LeaveOutNulls);
        return options;
    }

    private static void LeaveOutNulls(JsonTypeInfo type)
    {
        var all = type.Type.GetCustomAttribute<OmitNullsAttribute>() is not null || type.Type == typeof(Problem);
        foreach (var property in type.Properties)
            if (all || property.Name == "no_dispute"
                || (type.Type == typeof(BatchItemWire) && property.Name == "problem"))
                property.ShouldSerialize = (_, value) => value is not null;
    }
}

/// <summary>Members that are null are not written: the document says only what was said.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OmitNullsAttribute : Attribute;
