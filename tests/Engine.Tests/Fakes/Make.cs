using MeteringGateway.Core;

namespace MeteringGateway.Engine.Tests;

/// <summary>Commands and terms for tests.</summary>
internal static class Make
{
    public const string Type = "support.resolution";
    public const string Source = "/helpdesk";

    public static readonly Question One = Ask(1);
    private static readonly PlanRef Basic = new("basic", 1);

    public static Terms Terms(long? cap = null, TimeSpan? window = null, int? warnAt = null) => new()
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = Type, Price = Amount.Parse("0.99"), MeasurementWindow = window
            ?? TimeSpan.Zero, IncludedUnits = 10 }],
        Activities = [new ActivityType { Id = "ticket", Price = Amount.Parse("0.40") }],
        Caps = cap is { } limit ? [new Cap { Id = "monthly", Limit = limit }] : [],
        Thresholds = warnAt is { } percent ? [new Threshold("warn", Measure.Cap, "monthly", percent, null)] : [],
    };

    public static Command.Create Tenant(Terms? terms = null, TestClock? clock = null, string zone = "UTC") =>
        new("Acme", Basic, terms ?? Terms(), zone, 1, clock);

    public static Command.ReportOutcome Report(string id, Instant? time = null, int quantity = 1,
        string? session = null, string? reservation = null) =>
        new(new EventId(Source, id), time, Type, id)
        {
            Quantity = quantity, Session = session, Reservation = reservation,
            Fingerprint = (ulong)HashCode.Combine(id.Length, quantity) + (ulong)(time?.UnixMilliseconds ?? 0),
        };

    public static Command.ReportFact Fact(string id, string outcome, FactKind kind, Instant? time = null) =>
        new(new EventId(Source, id), time, outcome, kind) { Fingerprint = (ulong)kind + 1 };

    public static Command.ReportActivity Activity(string id, string? session = null, Instant? time = null) =>
        new(new EventId(Source, id), time, "ticket") { Session = session, Fingerprint = 7 };

    public static Command.Reserve Reserve(long quantity, TimeSpan? ttl = null, bool partial = false) =>
        new(Ask(quantity), ttl ?? TimeSpan.FromMinutes(1), partial);

    public static Question Ask(long quantity) => new(new Subject(Type, IsActivity: false, Dimensions.None), quantity);

    public static Detail Detail(string endCustomer) =>
        new(System.Text.Encoding.UTF8.GetBytes($$"""{"end_customer":"{{endCustomer}}"}"""), new byte[16], endCustomer);
}
