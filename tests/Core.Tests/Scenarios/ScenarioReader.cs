using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>
/// Reads the language of the scenario files into commands. Plans are read by <see cref="PlanLines"/>.
/// </summary>
internal static class ScenarioReader
{
    public static Instant Time(string text) =>
        Instant.Parse($"{text}{(text.Length == 10 ? "T00:00" : "")}{(text.Length <= 16 ? ":00" : "")}Z");

    public static TimeSpan Span(string text)
    {
        var number = double.Parse(text[..^1], CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            'd' => TimeSpan.FromDays(number),
            'h' => TimeSpan.FromHours(number),
            'm' => TimeSpan.FromMinutes(number),
            's' => TimeSpan.FromSeconds(number),
            _ => throw new FormatException($"'{text}' is not a span such as 72h"),
        };
    }

    /// <summary><c>$300.00</c> is money, <c>200cr</c> credits, and <c>200</c> units.</summary>
    public static Limit Limit(string text) =>
        text.StartsWith('$') ? Core.Limit.Of(Amount.Parse(text[1..]))
        : text.EndsWith("cr", StringComparison.Ordinal) ? Core.Limit.Of(Amount.Parse(text[..^2]))
        : long.Parse(text, CultureInfo.InvariantCulture);

    public static Limit? Limit(Words words, string name) => words[name] is { } text ? Limit(text) : null;
    public static Amount? Money(Words words, string name) => words[name] is { } text ? Amount.Parse(text) : null;
    public static Instant? Time(Words words, string name) => words[name] is { } text ? Time(text) : null;
    public static int? Int(string? text) => text is null ? null : int.Parse(text, CultureInfo.InvariantCulture);
    public static ImmutableArray<string> List(string? text) => text is null ? [] : [.. text.Split('+')];

    public static Cap Cap(Words words) => new()
    {
        Id = words.At(0),
        Limit = Limit(words.At(1)),
        Scope = new Scope(words["type"], words["activity"], words["agent"], words["channel"], words["workflow"]),
        Period = words["per"] == "day" ? CapPeriod.Day : CapPeriod.BillingPeriod,
        AtLimit = AtLimit(words, words.MaybeAt(2)),
    };

    public static AtLimit AtLimit(Words words, string? action) =>
        new(action is null ? LimitAction.Pause : Enum.Parse<LimitAction>(action, ignoreCase: true), words["to"]);

    /// <summary>
    /// <c>threshold eighty cap:monthly 80%</c>, or of <c>included:type</c>, <c>credits</c>, <c>spend</c>.
    /// </summary>
    public static Threshold Threshold(Words words)
    {
        var of = words.At(1).Split(':', 2);
        var measure = Enum.Parse<Measure>(of[0], ignoreCase: true);
        var target = of.Length > 1 ? of[1] : null;
        if (target is null != measure is Measure.Credits or Measure.Spend)
            throw new FormatException($"a threshold is not of '{words.At(1)}'");
        return words.At(2) is var level && level.EndsWith('%')
            ? new Threshold(words.At(0), measure, target, int.Parse(level[..^1], CultureInfo.InvariantCulture), null)
            : new Threshold(words.At(0), measure, target, null, Limit(level));
    }

    public static Command.IssueGrant Grant(Words words, GrantKind kind) => new(
        kind, Amount.Parse(words.At(1)), Time(words, "expires"), Int(words["priority"]), Money(words, "price"),
        words["note"], words["key"]);

    public static Command.Event? Event(Words words) => words.Verb switch
    {
        "report" =>
            EventText.Fingerprinted(new Command.ReportOutcome(Id(words), Time(words, "time"), words.At(1), words.At(0))
        {
            Session = words["session"],
            Dimensions = Where(words),
            Quantity = Int(words["quantity"]) ?? 1,
            Result = words["result"] is { } result
                ? Enum.Parse<Result>(result.Replace("_", "", StringComparison.Ordinal), ignoreCase: true)
                : Result.Success,
            Reservation = words["reservation"],
            CriteriaMet = List(words["criteria"]),
            HandedOff = words.Has("handed_off"),
            Sandbox = words.Has("sandbox"),
            Verification = Verified(words),
            Detail = Link(words["link"]),
        }),
        "activity" => EventText.Fingerprinted(new Command.ReportActivity(Id(words), Time(words, "time"), words.At(0))
        {
            Session = words["session"],
            Dimensions = Where(words),
            Quantity = Int(words["quantity"]) ?? 1,
        }),
        _ => Fact(words),
    };

    private static Command.ReportFact? Fact(Words words)
    {
        if (Enum.GetValues<FactKind>().Cast<FactKind?>()
            .FirstOrDefault(kind => ScenarioWriter.Name(kind!.Value) == words.Verb) is not { } kind)
            return null;
        return EventText.Fingerprinted(new Command.ReportFact(Id(words), Time(words, "time"), words.At(0), kind)
        {
            Session = words["session"],
            Dimensions = Where(words),
            Verification = Verified(words),
            Csat = (byte?)Int(words["csat"]),
        });
    }

    public static Question Question(Words words, int at)
    {
        var what = words.At(at);
        var activity = what.StartsWith("activity:", StringComparison.Ordinal);
        return new Question(new Subject(activity ? what["activity:".Length..] : what, activity, Where(words)),
            Int(words["quantity"]) ?? 1);
    }

    // Without an id of its own an event has the name of what it is about, and of what happened to it.
    private static EventId Id(Words words) =>
        new(words["source"] ?? "/a", words["id"]
            ?? (words.Verb == "report" ? words.At(0) : $"{words.At(0)}-{words.Verb}"));

    private static Dimensions Where(Words words) => new(words["agent"], words["channel"], words["workflow"]);

    private static Verification? Verified(Words words)
    {
        var method = words["method"] ?? "llm";
        if (words["verified"] is not { } text) return null;
        var parts = text.Split(',');
        return new Verification(method, parts[0] == "yes",
            parts.Length > 1 ? (int)Amount.Parse(parts[1]).Micros : null);
    }

    private static Detail? Link(string? address) =>
        address is null ? null
            : new Detail(Encoding.UTF8.GetBytes($"{{\"source_url\":\"{address}\"}}"), new byte[16], null);
}
