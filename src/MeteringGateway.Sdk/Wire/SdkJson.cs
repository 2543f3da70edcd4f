using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace MeteringGateway.Sdk.Wire;

internal sealed class SnakeCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower,
    allowIntegerValues: false)
    where T : struct, Enum;

internal sealed record CheckWire(string? OutcomeType, string? Activity, int Quantity, string? Agent, string? Channel,
    string? Workflow, string? Session, bool? Record)
{
    public static CheckWire Of(Question q, bool record) => new(q.OutcomeType, q.Activity, q.Quantity, q.Agent,
        q.Channel, q.Workflow, q.Session, record ? true : null);
}

internal sealed record ReserveWire(string? OutcomeType, int Quantity, string Ttl, bool AllowPartial, string? Agent,
    string? Channel, string? Workflow, string? Session);

internal sealed record ExtendWire(string Ttl);

internal sealed record AckWire(string Agent);

internal sealed record TenantWire(string Tenant);

internal sealed record BatchAnswerWire(IReadOnlyList<EventResult>? Results);

/// <summary>A CloudEvent 1.0 in the structured form.</summary>
internal sealed record EventWire(string Specversion, string Id, string Source, string Type, string Subject,
    DateTimeOffset? Time, DataWire Data);

internal sealed record DataWire(string? OutcomeType, string? OutcomeId, string? Activity, int? Quantity, string? Result,
    string? Session, string? Agent, string? Channel, string? Workflow, string? Reservation,
    IReadOnlyList<string>? SuccessCriteriaMet, bool? HandedOff, bool? Sandbox, string? EndCustomer,
    Verification? Verification, string? SourceUrl, string? Note, JsonObject? Metadata);

/// <summary>A report that was refused, as it is kept beside the outbox.</summary>
internal sealed record RefusedWire(JsonElement Event, Problem Problem);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(CheckWire))]
[JsonSerializable(typeof(ReserveWire))]
[JsonSerializable(typeof(ExtendWire))]
[JsonSerializable(typeof(AckWire))]
[JsonSerializable(typeof(TenantWire))]
[JsonSerializable(typeof(BatchAnswerWire))]
[JsonSerializable(typeof(EventWire))]
[JsonSerializable(typeof(RefusedWire))]
[JsonSerializable(typeof(Decision))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(Signal))]
internal sealed partial class SdkJson : JsonSerializerContext;

internal static class WireJson
{
    /// <summary>Without needless escapes: nothing of it is ever part of a page.</summary>
    public static SdkJson Types { get; } = new(new JsonSerializerOptions(SdkJson.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

internal static class EventJson
{
    /// <param name="source">Of events that name none.</param>
    /// <param name="time">Of events that name none; null: the gateway's.</param>
    /// <exception cref="ArgumentException">It has no tenant, or no id.</exception>
    public static byte[] Write(MeteringEvent e, string source, DateTimeOffset? time)
    {
        ArgumentNullException.ThrowIfNull(e);
        ArgumentException.ThrowIfNullOrEmpty(e.Tenant, nameof(e.Tenant));
        ArgumentException.ThrowIfNullOrEmpty(e.Id, nameof(e.Id));
        var (type, data) = e switch
        {
            OutcomeReport r => ("outcome.reported", new DataWire(r.OutcomeType, r.OutcomeId, null, r.Quantity, r.Result,
                r.Session, r.Agent, r.Channel, r.Workflow, r.Reservation, r.SuccessCriteriaMet, True(r.HandedOff),
                True(r.Sandbox), r.EndCustomer, r.Verification, r.SourceUrl, null, r.Metadata)),
            OutcomeFact f => (Type(f.Kind), new DataWire(null, f.OutcomeId, null, null, null, f.Session, f.Agent,
                f.Channel, f.Workflow, null, null, null, null, null, f.Verification, f.SourceUrl, f.Note, f.Metadata)),
            ActivityReport a => ("activity.reported", new DataWire(null, null, a.Activity, a.Quantity, null, a.Session,
                a.Agent, a.Channel, a.Workflow, null, null, True(a.HandedOff), null, a.EndCustomer, null, a.SourceUrl,
                null, a.Metadata)),
            _ => throw new ArgumentException($"{e.GetType().Name} is no event of the gateway's."),
        };
        return JsonSerializer.SerializeToUtf8Bytes(
            new EventWire("1.0", e.Id, e.Source ?? source, type, e.Tenant, (e.Time ?? time)?.ToUniversalTime(), data),
            WireJson.Types.EventWire);
    }

    private static bool? True(bool value) => value ? true : null;

    private static string Type(FactKind kind) => kind switch
    {
        FactKind.Confirmed => "outcome.confirmed",
        FactKind.Reopened => "outcome.reopened",
        FactKind.Escalated => "outcome.escalated",
        FactKind.Abandoned => "outcome.abandoned",
        FactKind.Failed => "outcome.failed",
        FactKind.Rejected => "outcome.rejected",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no fact"),
    };
}
