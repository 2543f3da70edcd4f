using System.Collections.Immutable;
using System.Globalization;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>One line of a scenario: its first word, the words that stand alone, and those of the form
/// <c>name=value</c>.</summary>
internal sealed class Words
{
    private readonly List<string> _plain = [];
    private readonly Dictionary<string, string> _named = [];
    private readonly HashSet<string> _asked = [];

    public Words(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Verb = words[0];
        foreach (var word in words.Skip(1))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) _named[word[..equals]] = word[(equals + 1)..];
            else _plain.Add(word);
        }
    }

    public string Verb { get; }

    public string At(int index) => index < _plain.Count ? _plain[index] : throw new FormatException($"'{Verb}' lacks a word");
    public string? MaybeAt(int index) => index < _plain.Count ? _plain[index] : null;
    public bool Has(string word) => _plain.Contains(word);

    public string? this[string name]
    {
        get
        {
            _asked.Add(name);
            return _named.GetValueOrDefault(name);
        }
    }

    /// <summary>A misspelt word must not be a missing one.</summary>
    public void RefuseUnknown()
    {
        if (_named.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
            throw new FormatException($"'{Verb}' knows no '{unknown}='");
    }
}

/// <summary>Reads the language of the scenario files into commands.</summary>
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

    public static Terms Terms(IEnumerable<Words> lines)
    {
        var terms = new Terms { Currency = "USD", OutcomeTypes = [] };
        foreach (var words in lines)
        {
            terms = words.Verb switch
            {
                "type" => terms with { OutcomeTypes = terms.OutcomeTypes.Add(Type(words)) },
                "activity" =>
                    terms with { Activities = terms.Activities.Add(new ActivityType { Id = words.At(0),
                    Price = words["price"] is { } price ? Amount.Parse(price) : null }) },
                "cap" => terms with { Caps = terms.Caps.Add(Cap(words)) },
                "threshold" => terms with { Thresholds = terms.Thresholds.Add(Threshold(words)) },
                "training" =>
                    terms with { Training = new Training(Int(words["days"]), words["until"] is { } until ? Time(until)
                    : null, Int(words["max"])) },
                "lateness" => terms with { MaxLateness = Span(words.At(0)) },
                _ => throw new FormatException($"a plan knows no '{words.Verb}'"),
            };
            words.RefuseUnknown();
        }
        return terms;
    }

    private static OutcomeType Type(Words words) => new()
    {
        Id = words.At(0),
        Price = words["price"] is { } price ? Amount.Parse(price) : null,
        MeasurementWindow = Span(words["window"] ?? "72h"),
        IncludedUnits = Int(words["included"]) ?? 0,
        WindowRestartsOnActivity = words.Has("restarts"),
        OncePerSession = !words.Has("every"),
        ExclusiveGroup = words["group"],
        Continuation = words["reopen"] != "new",
        SettlesOnConfirmation = words["settles"] == "confirmation",
        VerificationRequired = words.Has("verified"),
        MinConfidence = words["confidence"] is { } least ? (int)Amount.Parse(least).Micros : null,
        RequiredCriteria = List(words["criteria"]),
        HandoffBillable = words.Has("handoff_billable"),
        CreditAfterWindow = words["after"] == "credit",
        PendingCounts = words["pending"] != "none",
    };

    public static Cap Cap(Words words) => new()
    {
        Id = words.At(0),
        Limit = long.Parse(words.At(1), CultureInfo.InvariantCulture),
        Scope = new Scope(words["type"], words["activity"], words["agent"], words["channel"], words["workflow"]),
        Period = words["per"] == "day" ? CapPeriod.Day : CapPeriod.BillingPeriod,
        AtLimit = AtLimit(words, words.MaybeAt(2)),
    };

    public static AtLimit AtLimit(Words words, string? action) =>
        new(action is null ? LimitAction.Pause : Enum.Parse<LimitAction>(action, ignoreCase: true), words["to"]);

    private static Threshold Threshold(Words words) => words.At(2) is var level && level.EndsWith('%')
        ? new Threshold(words.At(0), words.At(1), int.Parse(level[..^1], CultureInfo.InvariantCulture), null)
        : new Threshold(words.At(0), words.At(1), null, Int(level));

    public static Command.Event? Event(Words words) => words.Verb switch
    {
        "report" => EventText.Fingerprinted(new Command.ReportOutcome(Id(words), Time(words), words.At(1), words.At(0))
        {
            Session = words["session"],
            Dimensions = Where(words),
            Quantity = Int(words["quantity"]) ?? 1,
            Result = words["result"] is { } result
                ? Enum.Parse<Result>(result.Replace("_", "", StringComparison.Ordinal), ignoreCase: true) : Result.Success,
            Reservation = words["reservation"],
            CriteriaMet = List(words["criteria"]),
            HandedOff = words.Has("handed_off"),
            Sandbox = words.Has("sandbox"),
            Verification = Verified(words["verified"]),
        }),
        "activity" => EventText.Fingerprinted(new Command.ReportActivity(Id(words), Time(words), words.At(0))
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
        return EventText.Fingerprinted(new Command.ReportFact(Id(words), Time(words), words.At(0), kind)
        {
            Session = words["session"],
            Dimensions = Where(words),
            Verification = Verified(words["verified"]),
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
        new(words["source"] ?? "/a", words["id"] ?? (words.Verb == "report" ? words.At(0) : $"{words.At(0)}-{words.Verb}"));

    private static Instant? Time(Words words) => words["time"] is { } time ? Time(time) : null;
    private static Dimensions Where(Words words) => new(words["agent"], words["channel"], words["workflow"]);
    private static int? Int(string? text) => text is null ? null : int.Parse(text, CultureInfo.InvariantCulture);
    private static ImmutableArray<string> List(string? text) => text is null ? [] : [.. text.Split('+')];

    private static Verification? Verified(string? text)
    {
        if (text is null) return null;
        var parts = text.Split(',');
        return new Verification("llm", parts[0] == "yes", parts.Length > 1 ? (int)Amount.Parse(parts[1]).Micros : null);
    }
}
