using System.Text.Json;
using MeteringGateway.Core.Tests.Oracles;

namespace MeteringGateway.Core.Tests.DeskLogs;

/// <summary>
/// A service desk's log as CloudEvents, one a line, and what each of its tenants should be charged for on one plan:
/// resolutions at 0.99, with a window of 72 hours, on a clock that starts on 29 February 2016 and follows the events
/// (T5).
/// </summary>
internal static class DeskLog
{
    public static readonly Instant Start = Instant.Parse("2016-02-29T00:00:00Z");

    public static readonly Command.Create Create = new("Desk", new PlanRef("desk", 1), new Terms
    {
        Currency = "USD",
        OutcomeTypes = [new OutcomeType { Id = "support.resolution", Price = new Amount(990_000),
            MeasurementWindow = TimeSpan.FromHours(72) }],
    }, "UTC", 1, new TestClock(Start, FollowEvents: true));

    /// <summary>The log beside the checkout, or null where it is not.</summary>
    public static string? Find()
    {
        var path = Path.Combine(Repository.Root, "..", "shared", "data", "incidents-2016.ndjson");
        return File.Exists(path) ? path : null;
    }

    public static IReadOnlyList<(string Tenant, Command.Event Event)> Read(IEnumerable<string> lines) =>
        [.. lines.Where(line => line.Length > 0).Select(line => JsonDocument.Parse(line).RootElement)
            .Select(json => (json.GetProperty("subject").GetString()!, Event(json)))];

    private static Command.Event Event(JsonElement json)
    {
        var data = json.GetProperty("data");
        var id = new EventId(Text(json, "source")!, Text(json, "id")!);
        var time = Instant.Parse(Text(json, "time")!);
        var type = Text(json, "type")!;
        Command.Event happened = type switch
        {
            "activity.reported" => new Command.ReportActivity(id, time, Text(data, "activity")!),
            "outcome.reported" =>
                new Command.ReportOutcome(id, time, Text(data, "outcome_type")!, Text(data, "outcome_id") ?? id.Id)
            {
                Result = Enum.Parse<Result>(Text(data, "result") ?? "success", ignoreCase: true),
                HandedOff = data.TryGetProperty("handed_off", out var handedOff) && handedOff.GetBoolean(),
                Verification = data.TryGetProperty("verification", out var verification)
                    ? new Verification(Text(verification, "method")!, true, null) : null,
            },
            _ => new Command.ReportFact(id, time, Text(data, "outcome_id")!,
                Enum.Parse<FactKind>(type["outcome.".Length..], ignoreCase: true)),
        };
        return EventText.Fingerprinted(happened with
        {
            Session = Text(data, "session"),
            Dimensions = new Dimensions(Text(data, "agent"), Text(data, "channel"), Text(data, "workflow")),
        });
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) ? value.GetString() : null;

    /// <summary>The figures of one tenant by the oracle, line by line as <see cref="Counted"/> gives them.</summary>
    public static string Expected(IEnumerable<Command.Event> events)
    {
        var oracle = new Oracle(TestCalendar.Of);
        oracle.Run(Create, Start);
        foreach (var happened in events) oracle.Run(happened, Start);
        var lines = oracle.Reports.Select(report => (report.Id, (report.View.AliasOf ?? report).View))
            .OrderBy(line => line.Id, StringComparer.Ordinal)
            .Select(line => $"{line.Id} {line.View.Status} {line.View.Reason}").ToList();
        foreach (var period in oracle.Periods)
        {
            var type = oracle.TypeIn(period, "support.resolution");
            if (type.Reported > 0)
                lines.Add(Line(period.Id, type.Reported, type.Pending, type.Settled, type.NonBillable, type.Amount));
        }
        return string.Join('\n', lines);
    }

    /// <summary>The figures of one tenant by the product: every outcome's standing, and units by period.</summary>
    public static string Counted(IReadOnlyList<Command.Event> events)
    {
        var tenant = new RealTenant();
        tenant.Run(Create, Start);
        foreach (var happened in events) tenant.Run(happened, Start);
        var lines = events.OfType<Command.ReportOutcome>().Select(report => report.OutcomeId).Distinct()
            .Order(StringComparer.Ordinal)
            .Select(id => tenant.Outcome(id) is { } outcome ? $"{id} {outcome.Status} {outcome.Reason}"
            : $"{id} unknown")
                .ToList();
        foreach (var month in events.Select(happened => happened.Time!.Value.ToDateTimeOffset())
            .Select(time => new DateOnly(time.Year, time.Month, 1)).Distinct().Order())
            if (tenant.State.Usage(month, Start)?.OutcomeTypes.FirstOrDefault() is { Reported: > 0 } type)
                lines.Add(Line(month, type.Reported, type.Pending, type.Settled,
                    type.NonBillable.Where(reason => reason.Value > 0), type.Amount));
        return string.Join('\n', lines);
    }

    private static string Line(DateOnly period, long reported, long pending, long settled,
        IEnumerable<KeyValuePair<Reason,
        long>> others, Amount amount) =>
        $"{period:yyyy-MM-dd} reported {reported} pending {pending} settled {settled} {string.Join(' ', others.OrderBy(reason => reason.Key).Select(reason => $"{reason.Key} {reason.Value}"))} amount {amount.ToString(2)}";
}
