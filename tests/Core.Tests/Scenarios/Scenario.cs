using System.Globalization;

namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>
/// Runs a scenario file: commands, each followed by its output on lines that begin with <c>=</c>. Lines that begin with
/// <c>#</c> say which rule is shown; a plan is written under <c>tenant</c> or <c>change</c> on lines that begin with
/// two spaces. Each <c>tenant</c> begins an account of its own.
/// </summary>
internal sealed partial class Scenario
{
    private RealTenant _tenant = new();
    private GrantNames _grants = new();
    private Instant _now;
    private long _signalsSeen;

    /// <summary>The file with the outputs as they are now.</summary>
    public static string Run(string text)
    {
        var scenario = new Scenario();
        var lines = text.ReplaceLineEndings("\n").Split('\n').Where(line => !line.StartsWith('=')).ToList();
        var result = new List<string>();
        for (var at = 0; at < lines.Count; at++)
        {
            result.Add(lines[at]);
            if (string.IsNullOrWhiteSpace(lines[at]) || lines[at].StartsWith('#')) continue;
            var block = lines.Skip(at + 1).TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal)).ToList();
            result.AddRange(block);
            at += block.Count;
            result.AddRange(scenario.Do(new Words(lines[at - block.Count]), [.. block.Select(line => new Words(line))])
                .Select(line => "= " + line));
        }
        scenario.MustReplay();
        return string.Join('\n', result);
    }

    private IEnumerable<string> Do(Words words, IReadOnlyList<Words> block)
    {
        IEnumerable<string> output;
        if (ScenarioReader.Event(words) is { } happened) output = Ask(happened);
        else output = words.Verb switch
        {
            "tenant" => Tenant(words, block),
            "at" => Pass(ScenarioReader.Time(words.At(0))),
            "advance" => Pass(_now + ScenarioReader.Span(words.At(0))),
            "check" => [ScenarioText.Of(Check(ScenarioReader.Question(words, 0)))],
            "outcome" => [_tenant.Outcome(words.At(0)) is { } figure ? ScenarioText.Of(figure) : "unknown"],
            "caps" => _tenant.State.Usage(null, _now)!.Caps.Select(ScenarioText.Of),
            "signals" => Signals(),
            "keys" => Keys(),
            "alerts" => Alerts(words),
            "state" => [ScenarioText.Word(_tenant.State.Figure(_now).State)],
            "periods" => Periods(),
            "scheduled" => _tenant.State.Schedule.Select(ScenarioText.Of).DefaultIfEmpty("nothing"),
            _ => Figures(words) ?? Ask(Command(words, block), words.Verb == "reserve" ? words.At(0) : null),
        };
        var lines = output.ToList();
        words.RefuseUnknown();
        return lines;
    }

    private IEnumerable<string> Tenant(Words words, IReadOnlyList<Words> block)
    {
        MustReplay();
        (_tenant, _grants, _signalsSeen) = (new RealTenant(), new GrantNames(), 0);
        _now = ScenarioReader.Time(words["start"]!);
        TestClock? clock = words["clock"] switch { null => null, var kind => new TestClock(_now, kind == "follow") };
        return Ask(new Command.Create(words["name"] ?? "Acme", new PlanRef("plan", 1), PlanLines.Read(block),
            words["zone"]
            ?? "UTC", ScenarioReader.Int(words["anchor"]) ?? 1, clock));
    }

    // Time passes for whoever waits for it: what is due happens.
    private IEnumerable<string> Pass(Instant to)
    {
        _now = to;
        return Ask(_tenant.State.TestClock is null ? new Command.Tick() : new Command.AdvanceClock(to));
    }

    private Command Command(Words words, IReadOnlyList<Words> block) => words.Verb switch
    {
        "cap" => new Command.SetCap(ScenarioReader.Cap(words),
            words["below"] switch { null => null, "now" => Effective.Now, _ => Effective.NextPeriod }),
        "uncap" => new Command.RemoveCap(words.At(0)),
        "reserve" => new Command.Reserve(ScenarioReader.Question(words, 1), ScenarioReader.Span(words["ttl"] ?? "60s"),
            words.Has("partial")),
        "extend" => new Command.ExtendReservation(words.At(0), ScenarioReader.Span(words.At(1))),
        "release" => new Command.ReleaseReservation(words.At(0)),
        "record" => new Command.RecordCheck(ScenarioReader.Question(words, 0)),
        "pause" => new Command.Pause(ScenarioReader.AtLimit(words, words.MaybeAt(0)), "by hand"),
        "resume" => new Command.Resume(),
        "clock" => new Command.AdvanceClock(ScenarioReader.Time(words.At(0))),
        "close" => new Command.Close(),
        "tick" => new Command.Tick(),
        "change" => new Command.Change(words["name"], block.Count > 0 ? Version(words) : null, block.Count > 0
            ? PlanLines.Read(block) : null, words["zone"], ScenarioReader.Int(words["anchor"]),
            words.OneOf("now", "next_period") == "now" ? Effective.Now : Effective.NextPeriod),
        "terms" => new Command.SetTerms([.. ScenarioReader.List(words["versions"]).Select(version =>
            new Setting.Plan(new PlanRef("plan", int.Parse(version, CultureInfo.InvariantCulture)),
                PlanLines.Read(block)))]),
        "unschedule" => new Command.Withdraw(words.At(0)),
        _ => Finance(words) ?? throw new FormatException($"unknown command '{words.Verb}'"),
    };

    // A change of plan is to its second version, unless it says another.
    private static PlanRef Version(Words words) => new("plan", ScenarioReader.Int(words["version"]) ?? 2);

    private IEnumerable<string> Ask(Command command, string? label = null)
    {
        var answer = _tenant.Run(command, _now, label);
        if (_tenant.State.VerifyRating() is { } where)
            throw new InvalidOperationException($"rated anew it is different: {where}");
        _grants.Take(_tenant.Taken, command is Core.Command.IssueGrant or Core.Command.BuyPack ? _label : null);
        return answer is Answer.Done ? ScenarioText.Of(_tenant.Taken, _grants)
            : [ScenarioText.Of(answer, _grants), .. ScenarioText.Of(_tenant.Taken, _grants)];
    }

    private Decision Check(Question question)
    {
        _tenant.Run(new Command.Tick(), _now);
        return _tenant.State.Allowance().Check(question, _now) ?? throw new FormatException("no such type");
    }

    private IEnumerable<string> Signals()
    {
        var signals = _tenant.State.SignalsAfter(_signalsSeen);
        if (signals.Count > 0) _signalsSeen = signals[^1].Sequence;
        return signals.Count == 0 ? ["none"] : signals.Select(ScenarioText.Of);
    }

    // What a fresh stream begins with (S6).
    private IEnumerable<string> Keys()
    {
        var keys = _tenant.State.StartOfSignals(null).Keys!.Value;
        return keys.IsEmpty ? ["nothing stops or warns"] : keys.Select(ScenarioText.OfKey);
    }

    // S7
    private IEnumerable<string> Alerts(Words words)
    {
        var alerts = _tenant.State.RaisedAlerts(Period(words), null, 100);
        return alerts is null ? ["no such period"] : alerts.Count == 0 ? ["none"] : alerts.Select(ScenarioText.Of);
    }

    private IEnumerable<string> Periods()
    {
        var period = _tenant.State.Usage(null, _now)!.Period;
        return [$"{period.Id:yyyy-MM-dd} from {ScenarioWriter.Time(period.Start)} to {ScenarioWriter.Time(period.End)}, {period.Days.Length} days"];
    }

    private static DateOnly? Period(Words words) =>
        words.MaybeAt(0) is { } id ? DateOnly.Parse(id, CultureInfo.InvariantCulture) : null;
}
