namespace MeteringGateway.Core.Tests.Scenarios;

/// <summary>
/// Reads the plan that stands under <c>tenant</c> or <c>change</c>. It may begin with a plan of <c>samples/plans</c>;
/// the lines that follow are then what this tenant has negotiated: they replace the plan's members of the same name, or
/// add to them.
/// </summary>
internal static class PlanLines
{
    public static Terms Read(IEnumerable<Words> lines)
    {
        var terms = new Terms { Currency = "USD", OutcomeTypes = [] };
        foreach (var words in lines)
        {
            terms = Add(terms, words);
            words.RefuseUnknown();
        }
        return terms;
    }

    private static Terms Add(Terms terms, Words words) => words.Verb switch
    {
        "plan" => PlanFile.Read(Path.Combine(Repository.Root, words.At(0))),
        "currency" => terms with { Currency = words.At(0) },
        "type" =>
            terms with { OutcomeTypes = [.. terms.OutcomeTypes.Where(type => type.Id != words.At(0)), Type(words)] },
        "tier" => With(terms, words.At(0), type => type with { Tiers = [.. type.Tiers, Tier(words)] }),
        "class" => With(terms, words.At(0), type => type with { Prices = [.. type.Prices, Class(words)] }),
        "activity" => terms with
        {
            Activities = [.. terms.Activities.Where(activity => activity.Id != words.At(0)),
                new ActivityType { Id = words.At(0), Price = ScenarioReader.Money(words, "price") }],
        },
        "fee" when words.At(0) == "platform" => terms with { PlatformFee = Amount.Parse(words.At(1)) },
        "fee" when words.At(0) == "implementation" => terms with { ImplementationFee = Amount.Parse(words.At(1)) },
        "commitment" => terms with { Commitments = terms.Commitments.Add(Commitment(words)) },
        "credits" => terms with
        {
            CreditValue = ScenarioReader.Money(words, "worth") ?? terms.CreditValue,
            PeriodGrant = ScenarioReader.Money(words, "grant") ?? terms.PeriodGrant,
            Rollover = Rollover(words) ?? terms.Rollover,
        },
        "pack" => terms with { TopUps = [.. terms.TopUps.Where(pack => pack.Id != words.At(0)), Pack(words)] },
        "packs" => terms with { TopUpLimit = Amount.Parse(words["most"]!) },
        "overage" => words["type"] is { } own
            ? With(terms, own, type => type with { Overage = Overage(words) })
            : terms with { Overage = Overage(words) },
        "cap" => terms with { Caps = [.. terms.Caps.Where(cap => cap.Id != words.At(0)), ScenarioReader.Cap(words)] },
        "threshold" => terms with { Thresholds = terms.Thresholds.Add(ScenarioReader.Threshold(words)) },
        "training" => terms with
        {
            Training = new Training(ScenarioReader.Int(words["days"]), ScenarioReader.Time(words, "until"),
                ScenarioReader.Int(words["max"])),
        },
        "lateness" => terms with { MaxLateness = ScenarioReader.Span(words.At(0)) },
        _ => throw new FormatException($"a plan knows no '{words.Verb}'"),
    };

    private static Terms With(Terms terms, string type, Func<OutcomeType, OutcomeType> change)
    {
        var known = terms.Type(type) ?? throw new FormatException($"the plan has no type '{type}'");
        return terms with { OutcomeTypes = terms.OutcomeTypes.Replace(known, change(known)) };
    }

    private static OutcomeType Type(Words words) => new()
    {
        Id = words.At(0),
        Price = ScenarioReader.Money(words, "price"),
        Credits = ScenarioReader.Money(words, "credits"),
        MeasurementWindow = ScenarioReader.Span(words["window"] ?? "72h"),
        IncludedUnits = ScenarioReader.Int(words["included"]) ?? 0,
        WindowRestartsOnActivity = words.Has("restarts"),
        OncePerSession = !words.Has("every"),
        ExclusiveGroup = words["group"],
        Continuation = words["reopen"] != "new",
        SettlesOnConfirmation = words["settles"] == "confirmation",
        VerificationRequired = words.Has("verified"),
        MinConfidence = words["confidence"] is { } least ? (int)Amount.Parse(least).Micros : null,
        RequiredCriteria = ScenarioReader.List(words["criteria"]),
        HandoffBillable = words.Has("handoff_billable"),
        CreditAfterWindow = words["after"] == "credit",
        PendingCounts = words["pending"] != "none",
    };

    private static Tier Tier(Words words) => new(ScenarioReader.Int(words["to"]), Amount.Parse(words.At(1)));

    private static PriceClass Class(Words words) => new(words["workflow"], words["verification"],
        Amount.Parse(words.At(1)));

    private static Commitment Commitment(Words words) =>
        new(words.MaybeAt(0), ScenarioReader.Int(words["units"]), ScenarioReader.Money(words, "price"),
            ScenarioReader.Money(words, "amount"), words["per"] == "year");

    // pack pack-100 100 price=90.00 lasts=8760h
    private static Pack Pack(Words words) => new(words.At(0), Amount.Parse(words.At(1)),
        Amount.Parse(words["price"]!), words["lasts"] is { } span ? ScenarioReader.Span(span) : null);

    private static Rollover? Rollover(Words words) =>
        words["rollover"] is { } most ? new Rollover(Amount.Parse(most), ScenarioReader.Int(words["periods"])) : null;

    // overage bill price=1.20 limit=$300 authorised at=handoff to=queue:tier1
    private static OverageRule Overage(Words words) =>
        new(words.OneOf("bill", "block") is { } mode ? mode == "bill" : null, ScenarioReader.Money(words, "price"),
            ScenarioReader.Limit(words, "limit"), words.Has("authorised"), ScenarioReader.AtLimit(words, words["at"]));
}
