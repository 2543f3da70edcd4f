namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>What finance does and reads: limits on money, credits, statements.</summary>
internal sealed partial class Scenario
{
    private string? _label;

    // Null: not one of these.
    private Command? Finance(Words words)
    {
        switch (words.Verb)
        {
            case "authorise":
                return new Command.AuthorizeOverage(words.OneOf("period", "standing") == "standing",
                    ScenarioReader.Limit(words, "limit"));
            case "withdraw": return new Command.WithdrawAuthorization();
            case "threshold": return new Command.SetThreshold(ScenarioReader.Threshold(words));
            case "unthreshold": return new Command.RemoveThreshold(words.At(0));
            case "topup" or "promotion":
                _label = words.At(0);
                return ScenarioReader.Grant(words, words.Verb == "topup" ? GrantKind.TopUp : GrantKind.Promotional);
            case "buy":
                _label = words.At(0);
                return new Command.BuyPack(words.At(1), ScenarioReader.Int(words["quantity"]) ?? 1, words["note"],
                    words["key"]!);
            case "dispute": return new Command.OpenDispute(words.At(0), words["reason"] ?? "contested");
            case "credit" or "uphold":
                return new Command.ResolveDispute(words.At(0), words.Verb == "credit", words["note"] ?? "looked-into");
            case "void": return new Command.VoidGrant(_grants.Id(words.At(0)));
            default: return null;
        }
    }

    // Null: not one of these.
    private IEnumerable<string>? Figures(Words words) => words.Verb switch
    {
        "usage" => ScenarioText.Of(_tenant.State.Usage(Period(words), _now)),
        "statement" => ScenarioText.Of(_tenant.State.Statement(Period(words))),
        "grants" => ScenarioText.Of(_tenant.State.Usage(null, _now)!.Credits, _grants),
        "forecast" => ScenarioText.Of(_tenant.State.Usage(null, _now)!.Forecast!),
        "inspect" => ScenarioText.Inspected(_tenant.Outcome(words.At(0)), _tenant.State.Figure(_now).Name),
        "replay" => Replay(),
        _ => null,
    };

    // The journal's bytes, and nothing else, give the same state again (D2).
    private IEnumerable<string> Replay()
    {
        MustReplay();
        return [$"{_tenant.Journal.Count} entries give the same state"];
    }

    private void MustReplay()
    {
        if (RealTenant.Hex(RealTenant.Fold(_tenant.Journal).Digest()) != RealTenant.Hex(_tenant.State.Digest()))
            throw new InvalidOperationException("the journal gives another state");
    }
}

/// <summary>
/// Grants by the name that the scenario gave them; those that nobody bought by kind and number: <c>plan-2</c>.
/// </summary>
internal sealed class GrantNames
{
    private readonly Dictionary<string, string> _names = [];
    private readonly Dictionary<GrantKind, int> _counts = [];

    public void Take(IEnumerable<Entry> entries, string? label)
    {
        foreach (var issued in entries.OfType<Entry.GrantIssued>())
        {
            var bought = issued.Kind is GrantKind.TopUp or GrantKind.Promotional ? label : null;
            _counts[issued.Kind] = _counts.GetValueOrDefault(issued.Kind) + 1;
            _names[issued.Grant] = bought ?? $"{ScenarioText.Word(issued.Kind)}-{_counts[issued.Kind]}";
        }
    }

    public string Of(string id) => _names.GetValueOrDefault(id, id);

    public string Id(string name) => _names.FirstOrDefault(pair => pair.Value == name).Key ?? name;
}
