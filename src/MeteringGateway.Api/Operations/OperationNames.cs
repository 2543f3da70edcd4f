namespace MeteringGateway.Api.Operations;

/// <summary>
/// The names of the operations in the API document, by method and path, and the header fields that each reads. What
/// generators make of them is part of other people's programs: only ever append. Accept is not among the fields:
/// OpenAPI reads it off the media types of the answers.
/// </summary>
internal static class OperationNames
{
    public const string Idempotency = "Idempotency-Key";
    public const string IfMatch = "If-Match";
    public const string LastEvent = "Last-Event-ID";

    private const string Of = "v1/tenants/{tenant}";

    public static readonly IReadOnlyDictionary<string, (string Name, string? Field)> All =
        new Dictionary<string, (string, string?)>
    {
        ["GET "] = ("getIndex", null),
        ["GET health"] = ("getHealth", null),
        ["GET health/live"] = ("getLiveness", null),
        ["GET health/ready"] = ("getReadiness", null),
        ["GET metrics"] = ("getMetrics", null),
        ["GET .well-known/jwks.json"] = ("getPublicKeys", null),
        ["POST v1/keys"] = ("createKey", Idempotency),
        ["GET v1/keys"] = ("listKeys", null),
        ["DELETE v1/keys/{id}"] = ("revokeKey", null),
        ["PUT v1/plans/{plan}"] = ("putPlan", IfMatch),
        ["GET v1/plans"] = ("listPlans", null),
        ["GET v1/plans/{plan}"] = ("getPlan", null),
        ["GET v1/plans/{plan}/page"] = ("getPricePage", null),
        ["GET v1/tenants"] = ("listTenants", null),
        [$"PUT {Of}"] = ("putTenant", IfMatch),
        [$"GET {Of}"] = ("getTenant", null),
        [$"DELETE {Of}"] = ("closeTenant", IfMatch),
        [$"PUT {Of}/terms"] = ("putTerms", IfMatch),
        [$"GET {Of}/terms"] = ("getTerms", null),
        [$"POST {Of}/clock"] = ("moveClock", null),
        [$"DELETE {Of}/scheduled/{{id}}"] = ("cancelScheduled", null),
        [$"POST {Of}/check"] = ("checkAllowance", null),
        [$"POST {Of}/reservations"] = ("reserve", Idempotency),
        [$"GET {Of}/reservations"] = ("listReservations", null),
        [$"GET {Of}/reservations/{{id}}"] = ("getReservation", null),
        [$"DELETE {Of}/reservations/{{id}}"] = ("releaseReservation", null),
        [$"POST {Of}/reservations/{{id}}/extend"] = ("extendReservation", null),
        ["POST v1/events"] = ("reportEvents", null),
        [$"POST {Of}/outcomes"] = ("reportOutcome", Idempotency),
        [$"GET {Of}/outcomes"] = ("listOutcomes", null),
        [$"GET {Of}/outcomes/sample"] = ("sampleOutcomes", null),
        [$"GET {Of}/outcomes/{{id}}"] = ("getOutcome", null),
        [$"POST {Of}/outcomes/{{id}}/verdict"] = ("judgeOutcome", Idempotency),
        [$"GET {Of}/outcomes/{{id}}/certificate"] = ("getOutcomeCertificate", null),
        [$"DELETE {Of}/end-customers/{{id}}"] = ("eraseEndCustomer", null),
        [$"POST {Of}/outcomes/{{id}}/disputes"] = ("openDispute", Idempotency),
        [$"POST {Of}/disputes/{{dispute}}/resolve"] = ("resolveDispute", Idempotency),
        [$"GET {Of}/disputes"] = ("listDisputes", null),
        [$"GET {Of}/signals"] = ("streamSignals", LastEvent),
        ["GET v1/signals"] = ("streamAllSignals", LastEvent),
        [$"POST {Of}/signals/{{sequence}}/ack"] = ("acknowledgeSignal", null),
        [$"PUT {Of}/caps/{{cap}}"] = ("putCap", IfMatch),
        [$"GET {Of}/caps"] = ("listCaps", null),
        [$"GET {Of}/caps/{{cap}}"] = ("getCap", null),
        [$"DELETE {Of}/caps/{{cap}}"] = ("removeCap", IfMatch),
        [$"POST {Of}/caps/preview"] = ("previewCaps", null),
        [$"POST {Of}/pause"] = ("pauseTenant", null),
        [$"POST {Of}/resume"] = ("resumeTenant", null),
        [$"PUT {Of}/thresholds/{{threshold}}"] = ("putThreshold", IfMatch),
        [$"GET {Of}/thresholds"] = ("listThresholds", null),
        [$"GET {Of}/thresholds/{{threshold}}"] = ("getThreshold", null),
        [$"DELETE {Of}/thresholds/{{threshold}}"] = ("removeThreshold", IfMatch),
        [$"GET {Of}/alerts"] = ("listAlerts", null),
        [$"PUT {Of}/overage"] = ("putOverage", IfMatch),
        [$"GET {Of}/overage"] = ("getOverage", null),
        [$"POST {Of}/overage/authorize"] = ("authorizeOverage", Idempotency),
        [$"DELETE {Of}/overage/authorization"] = ("withdrawOverage", null),
        [$"POST {Of}/top-ups"] = ("buyTopUp", Idempotency),
        [$"POST {Of}/grants"] = ("createGrant", Idempotency),
        [$"GET {Of}/grants"] = ("listGrants", null),
        [$"GET {Of}/grants/{{grant}}"] = ("getGrant", null),
        [$"DELETE {Of}/grants/{{grant}}"] = ("voidGrant", null),
        [$"GET {Of}/statements"] = ("listStatements", null),
        [$"GET {Of}/statements/{{period}}"] = ("getStatement", null),
        [$"GET {Of}/statements/{{period}}/head"] = ("getStatementHead", null),
        ["GET v1/attention"] = ("listAttention", null),
        [$"GET {Of}/usage"] = ("getUsage", null),
        [$"GET {Of}/usage/series"] = ("getUsageSeries", null),
        [$"GET {Of}/entries"] = ("listEntries", null),
        [$"GET {Of}/entries/{{sequence}}/certificate"] = ("getEntryCertificate", null),
        [$"GET {Of}/heads"] = ("listHeads", null),
        [$"GET {Of}/quality"] = ("getQuality", null),
        [$"GET {Of}/sessions/{{id}}"] = ("getSession", null),
        ["PUT v1/webhooks/{webhook}"] = ("putWebhook", IfMatch),
        ["GET v1/webhooks"] = ("listWebhooks", null),
        ["GET v1/webhooks/{webhook}"] = ("getWebhook", null),
        ["DELETE v1/webhooks/{webhook}"] = ("removeWebhook", IfMatch),
        ["POST v1/webhooks/{webhook}/rotate"] = ("rotateWebhookSecret", Idempotency),
        ["GET v1/webhooks/{webhook}/deliveries"] = ("listDeliveries", null),
        ["POST v1/webhooks/{webhook}/deliveries/{delivery}/retry"] = ("retryDelivery", null),
    };
}
